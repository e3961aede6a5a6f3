import type { i18n } from "i18next";

import { createI18n, type Language } from "../src/i18n";
import en from "../src/i18n/en.json";
import ko from "../src/i18n/ko.json";

/** The page's texts with both languages loaded. */
export function speaking(language: Language): i18n {
  return createI18n(language, { en, ko });
}
