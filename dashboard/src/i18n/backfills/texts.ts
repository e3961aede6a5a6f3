import type { i18n, TFunction } from "i18next";

import type { Language } from "..";
import { errorText, itemText, textOf } from "../texts";
import en from "./en.json";
import ko from "./ko.json";

/** Adds the texts of the backfills, which come with their code: no other page waits for them. */
export function addBackfillTexts(instance: i18n): void {
  if (instance.getResource("en", "translation", "backfills") !== undefined) return;
  for (const [language, backfills] of Object.entries({ en, ko })) {
    instance.addResourceBundle(language, "translation", { backfills }, true);
  }
}

/** Why a backfill is not at work, or why images of it failed; an unknown code stands for itself. */
export function codeText(t: TFunction, language: Language, code: string): string {
  return textOf(t, `backfills.codes.${code}`) ?? errorText(t, language, code) ?? code;
}

/** What a part of the price is for. */
export function priceText(t: TFunction, item: string): string {
  return textOf(t, `backfills.items.${item}`) ?? itemText(t, item);
}
