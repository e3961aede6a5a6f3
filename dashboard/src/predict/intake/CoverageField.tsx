import { useId } from "react";
import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { decimal } from "../../i18n/format";
import { type Coverage, COVERAGES } from "./useCoverage";

interface CoverageFieldProps {
  coverage: Coverage | null;
  onChange: (coverage: Coverage | null) => void;
}

/** The best label alone, or also the set of labels that holds the truth with a probability. */
export function CoverageField({ coverage, onChange }: CoverageFieldProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const hint = useId();
  return (
    <div className="field">
      <label className="field">
        <span className="field-name">{t("predict.answer")}</span>
        <select
          className="input"
          value={coverage ?? ""}
          onChange={({ target }) => {
            onChange(COVERAGES.find((known) => String(known) === target.value) ?? null);
          }}
          aria-describedby={hint}
          data-testid="coverage"
        >
          <option value="">{t("predict.answerBest")}</option>
          {COVERAGES.map((known) => (
            <option key={known} value={known}>
              {t("predict.answerSet", { share: decimal(known * 100, language) })}
            </option>
          ))}
        </select>
      </label>
      <p id={hint} className="muted small">
        {t("predict.answerHint")}
      </p>
    </div>
  );
}
