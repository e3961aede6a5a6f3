import { lazy, Suspense, type CSSProperties } from "react";
import { useTranslation } from "react-i18next";
import type { Score } from "visionflow-client";

import { useLanguage } from "../i18n";
import { percent } from "../i18n/format";
import css from "./TopK.module.css";

// Chart.js is the largest dependency and is needed only for an answer.
const TopKChart = lazy(() => import("./TopKChart"));

interface TopKProps {
  /** Best first. */
  scores: readonly Score[];
  /** The best score is under the model's threshold. */
  unsure: boolean;
}

/** Horizontal bars, and the same numbers as a table for screen readers. */
export function TopK({ scores, unsure }: TopKProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  return (
    <div className={css.topK} style={{ "--rows": scores.length } as CSSProperties}>
      <div className={css.chart} aria-hidden data-testid="top-k-chart">
        <Suspense>
          <TopKChart scores={scores} unsure={unsure} language={language} />
        </Suspense>
      </div>
      <table className="visually-hidden" data-testid="top-k">
        <caption>{t("predict.topK")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("predict.class")}</th>
            <th scope="col">{t("predict.confidence")}</th>
          </tr>
        </thead>
        <tbody>
          {scores.map(({ label, confidence }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{percent(confidence, language)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
