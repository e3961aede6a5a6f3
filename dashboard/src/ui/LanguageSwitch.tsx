import { useTranslation } from "react-i18next";

import { LANGUAGES, speak, useLanguage } from "../i18n";
import css from "./LanguageSwitch.module.css";

/** Each language is named in its own language. */
const SHORT = { ko: "한", en: "EN" } as const;
/** Starts with the visible text, which users of voice control say. */
const NAMES = { ko: "한국어", en: "EN English" } as const;

export function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  const current = useLanguage();
  return (
    <div className={css.switch} role="group" aria-label={t("app.language")}>
      {LANGUAGES.map((language) => (
        <button
          key={language}
          type="button"
          className={css.option}
          lang={language}
          aria-label={NAMES[language]}
          aria-pressed={language === current}
          onClick={() => {
            // Without a network, and before the service worker has it, the page stays as it is.
            speak(i18n, language).catch(() => undefined);
          }}
          data-testid={`language-${language}`}
        >
          {SHORT[language]}
        </button>
      ))}
    </div>
  );
}
