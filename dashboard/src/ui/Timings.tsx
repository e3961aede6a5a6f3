import { useTranslation } from "react-i18next";

import { useLanguage } from "../i18n";
import { timingText } from "../i18n/texts";
import { milliseconds } from "./format";
import css from "./Timings.module.css";

/** Milliseconds by step, in the order in which the steps ran, and their sum. */
export function Timings({ timings }: { timings: Record<string, number> }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const steps = Object.entries(timings);
  const sum = steps.reduce((total, [, ms]) => total + ms, 0);
  return (
    <table className={css.timings} data-testid="timings">
      <tbody>
        {steps.map(([step, ms]) => (
          <tr key={step}>
            <th scope="row">{timingText(t, step)}</th>
            <td>{milliseconds(ms, language)}</td>
          </tr>
        ))}
        <tr className={css.sum}>
          <th scope="row">{t("timing.sum")}</th>
          <td>{milliseconds(sum, language)}</td>
        </tr>
      </tbody>
    </table>
  );
}
