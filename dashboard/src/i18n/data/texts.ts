import type { i18n } from "i18next";

import en from "./en.json";
import ko from "./ko.json";

/** Adds the texts of the data page, which come with its code: no other page waits for them. */
export function addDataTexts(instance: i18n): void {
  if (instance.getResource("en", "translation", "data") !== undefined) return;
  for (const [language, data] of Object.entries({ en, ko })) {
    instance.addResourceBundle(language, "translation", { data }, true);
  }
}
