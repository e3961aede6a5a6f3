import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useApi } from "../api/ApiContext";
import type { Share } from "../api/types";
import { useLanguage } from "../i18n";
import { decimal, orDash, percent } from "../ui/format";
import css from "./ClassesTab.module.css";
import { IntervalBar } from "./IntervalBar";
import { type ClassScore, type Report, wilson } from "./report";

const ORDERS = ["worst", "name", "pictures"] as const;
type Order = (typeof ORDERS)[number];

/** Each class twice: by the test pictures, and by what people said of real ones. */
export function ClassesTab({ report }: { report: Report }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [order, setOrder] = useState<Order>("worst");
  const feedback = useClassFeedback(report);
  const classes = [...report.test.classes].sort(BY[order]);

  return (
    <section className="card panel" aria-labelledby="classes-title">
      <div className="panel-heading">
        <div>
          <h2 id="classes-title">{t("accuracy.perClass")}</h2>
          <p className="muted small">{t("accuracy.perClassText")}</p>
        </div>
        <label className="field">
          <span className="field-name">{t("accuracy.order")}</span>
          <select
            className="input"
            value={order}
            onChange={({ target }) => {
              setOrder(ORDERS.find((known) => known === target.value) ?? "worst");
            }}
          >
            {ORDERS.map((known) => (
              <option key={known} value={known}>
                {t(`accuracy.orders.${known}`)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div className="table-scroll" role="group" aria-labelledby="classes-title" tabIndex={0}>
        <table className={`table ${css.table}`} data-testid="class-table">
          <thead>
            <tr>
              <th scope="col">{t("predict.class")}</th>
              <th scope="col" className={css.bars}>
                {t("accuracy.testRecall")}
              </th>
              <th scope="col" className={css.bars}>
                {t("accuracy.feedbackAccuracy")}
              </th>
              <th scope="col" className="end">
                {t("accuracy.precision")}
              </th>
              <th scope="col" className="end">
                F1
              </th>
            </tr>
          </thead>
          <tbody>
            {classes.map(({ label, pictures, recall, precision, f1 }) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td>
                  {recall !== null && (
                    <IntervalBar
                      share={recall}
                      interval={wilson(Math.round(recall * pictures), pictures)}
                      n={pictures}
                      tone="test"
                    />
                  )}
                </td>
                <td>
                  <FeedbackBar share={feedback?.[label]} />
                </td>
                <td className="end">{orDash(precision, percent, language)}</td>
                <td className="end">{f1 === null ? "–" : decimal(f1, language, 3)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function FeedbackBar({ share }: { share: Share | undefined }) {
  const { t } = useTranslation();
  if (share === undefined || share.n === 0) {
    return <span className="muted small">{t("accuracy.noFeedback")}</span>;
  }
  return (
    <IntervalBar share={share.correct / share.n} interval={share} n={share.n} tone="feedback" />
  );
}

/** What people said of this version's answers, by the true label. */
function useClassFeedback({ name, version }: Report): Record<string, Share> | undefined {
  const api = useApi();
  const stats = useQuery({
    queryKey: ["stats", "all"],
    queryFn: ({ signal }) => api.stats({}, signal),
    staleTime: 10_000,
  });
  const byModel = stats.data?.feedback.by_model;
  // The longer key where two models share a version.
  return (byModel?.[`${name} ${version}`] ?? byModel?.[version])?.per_label;
}

const BY: Record<Order, (a: ClassScore, b: ClassScore) => number> = {
  worst: (a, b) => (a.recall ?? 2) - (b.recall ?? 2) || a.label.localeCompare(b.label),
  name: (a, b) => a.label.localeCompare(b.label),
  pictures: (a, b) => b.pictures - a.pictures || a.label.localeCompare(b.label),
};
