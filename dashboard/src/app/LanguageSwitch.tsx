import { useTranslation } from "react-i18next";

import { LANGUAGES, useLanguage } from "../i18n";
import css from "./LanguageSwitch.module.css";

/** Each language is named in itself, so that whoever needs it can read it: in short, and the rest. */
const NAMES = { ko: ["한", "국어"], en: ["EN", " English"] } as const;

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
          aria-pressed={language === current}
          onClick={() => void i18n.changeLanguage(language)}
          data-testid={`language-${language}`}
        >
          {NAMES[language][0]}
          <span className="visually-hidden">{NAMES[language][1]}</span>
        </button>
      ))}
    </div>
  );
}
