import type { Language } from "..";
import en from "./en.json";
import ko from "./ko.json";

const ACTIONS: Record<Language, Record<string, string>> = { en, ko };

/** What a change of the audit trail did; `undefined` for one that the page does not know. */
export function actionText(action: string, language: Language): string | undefined {
  return ACTIONS[language][action];
}
