import i18next, { type i18n } from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";

import en from "./en.json";
import ko from "./ko.json";

export const LANGUAGES = ["ko", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

const STORAGE_KEY = "visionflow.language";

/** The stored choice, else the first of the browser's languages that the page has. */
export function initialLanguage(
  storage: Storage = localStorage,
  preferred: readonly string[] = navigator.languages,
): Language {
  const wanted = [storage.getItem(STORAGE_KEY), ...preferred];
  for (const tag of wanted) {
    const language = LANGUAGES.find((known) => tag?.toLowerCase().split("-")[0] === known);
    if (language) return language;
  }
  return "en";
}

/** Both languages are in the bundle, so that switching needs no request and cannot fail. */
export function createI18n(language: Language): i18n {
  const instance = i18next.createInstance();
  void instance.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: { en: { translation: en }, ko: { translation: ko } },
    interpolation: { escapeValue: false }, // React escapes
    initAsync: false,
    showSupportNotice: false, // no advertisement in the console
  });
  document.documentElement.lang = language;
  instance.on("languageChanged", (changed) => {
    document.documentElement.lang = changed;
    localStorage.setItem(STORAGE_KEY, changed);
  });
  return instance;
}

export function useLanguage(): Language {
  const { i18n } = useTranslation();
  return i18n.language as Language;
}
