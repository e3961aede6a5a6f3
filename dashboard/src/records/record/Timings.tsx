import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { milliseconds } from "../../i18n/format";
import { timingText } from "../../i18n/texts";
import css from "./Timings.module.css";

/** The total, and each step in the order in which it ran. */
export function Timings({ timings }: { timings: Record<string, number> }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const steps = Object.entries(timings);
  const sum = steps.reduce((total, [, ms]) => total + ms, 0);
  return (
    <div data-testid="timings">
      {t("timing.sum", { time: milliseconds(sum, language) })}
      <ul className={css.steps}>
        {steps.map(([step, ms]) => (
          <li key={step} className={css.step}>
            {timingText(t, step)} <strong>{milliseconds(ms, language)}</strong>
          </li>
        ))}
      </ul>
    </div>
  );
}
