import i18next, { type i18n, type Resource } from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";

import type en from "./en.json";

export const LANGUAGES = ["ko", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

/** What the page says in one language. */
export type Texts = typeof en;

/** The languages come apart: nobody reads two at once, and each is a fifth of the first paint. */
const TEXTS: Record<Language, () => Promise<{ default: Texts }>> = {
  en: () => import("./en.json"),
  ko: () => import("./ko.json"),
};

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

/** Rejects when the file does not arrive. */
export async function loadTexts(language: Language): Promise<Texts> {
  return (await TEXTS[language]()).default;
}

/** Speaks `language`, whose texts have to be among `texts`; `speak` changes it. */
export function createI18n(language: Language, texts: Partial<Record<Language, Texts>>): i18n {
  const resources = Object.entries(texts).map(([known, translation]) => [known, { translation }]);
  const instance = i18next.createInstance();
  void instance.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: Object.fromEntries(resources) as Resource,
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

/** Changes the page's language, once its texts are there. Rejects when they do not arrive. */
export async function speak(instance: i18n, language: Language): Promise<void> {
  if (instance.getResource(language, "translation", "app") === undefined) {
    instance.addResourceBundle(language, "translation", await loadTexts(language), true);
  }
  await instance.changeLanguage(language);
}

export function useLanguage(): Language {
  const { i18n } = useTranslation();
  return i18n.language as Language;
}
