import { type Language, useLanguage } from "../../i18n";
import korean from "./about.ko.json";

interface About {
  text: string;
  /** The language that it is in. */
  lang: Language;
}

/**
 * A sentence that training has about a configuration or a field, in the reader's language; in
 * English where it is new. Training's texts are keys, so that one that changes loses its
 * translation and a test tells.
 */
export function about(english: string, language: Language): About {
  const translated = (korean as Record<string, string>)[english];
  if (language === "ko" && translated !== undefined) return { text: translated, lang: "ko" };
  return { text: english.replaceAll("`", ""), lang: "en" };
}

export function useAbout(): (english: string) => About {
  const language = useLanguage();
  return (english) => about(english, language);
}
