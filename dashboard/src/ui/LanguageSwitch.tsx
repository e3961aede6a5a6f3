import { useTranslation } from "react-i18next";

import { LANGUAGES, useLanguage } from "../i18n";
import css from "./LanguageSwitch.module.css";

/** Each language is named in itself, so that whoever needs it can read it. */
const SHORT = { ko: "한", en: "EN" } as const;
/** With what is seen at the start: who speaks to the page says what stands on the button. */
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
          onClick={() => void i18n.changeLanguage(language)}
          data-testid={`language-${language}`}
        >
          {SHORT[language]}
        </button>
      ))}
    </div>
  );
}
