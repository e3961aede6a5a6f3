import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  type ClassScores,
  type ModelFeedback,
  modelRef,
  type Report,
  type Share,
} from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { IntervalBar } from "../../ui/interval/IntervalBar";
import { useLanguage } from "../../i18n";
import { orDash, percent, score } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";
import { LabelPath } from "../../ui/LabelPath";
import { useMore } from "../../ui/useMore";
import css from "./ClassesTab.module.css";
import { FeedbackSummary } from "./FeedbackSummary";
import { treeOf } from "./report";

const ORDERS = ["worst", "name", "images"] as const;
type Order = (typeof ORDERS)[number];

/** Rows that are drawn at once, and more on request. */
const STEP = 50;
/** From this many classes on they can be searched. */
const MANY = 20;

/** The scores of each class: on the test images, and by feedback on real ones. */
export function ClassesTab({ report }: { report: Report }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [order, setOrder] = useState<Order>("worst");
  const feedback = useModelFeedback(report);
  const [wanted, setWanted] = useState("");
  const tree = useMemo(() => treeOf(report), [report]);
  const classes = useMemo(() => [...report.test.classes].sort(BY[order]), [report, order]);
  const part = wanted.trim().toLocaleLowerCase();
  const found = classes.filter(({ label }) =>
    [label, ...tree.above(label)].some((name) => name.toLocaleLowerCase().includes(part)),
  );
  const [shown, more] = useMore(found, STEP);

  return (
    <section className="card panel" aria-labelledby="classes-title">
      <div className="panel-heading">
        <div>
          <h2 id="classes-title">{t("accuracy.perClass")}</h2>
          <p className="muted small">{t("accuracy.perClassText")}</p>
          <FeedbackSummary feedback={feedback} />
        </div>
        <div className="row">
          {classes.length > MANY && (
            <label className="field">
              <span className="field-name">{t("accuracy.searchClass")}</span>
              <input
                type="search"
                className="input"
                value={wanted}
                onChange={({ target }) => {
                  setWanted(target.value);
                }}
                data-testid="class-search"
              />
            </label>
          )}
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
      </div>
      <DataTable
        columns={[
          { name: t("predict.class") },
          { name: t("accuracy.testRecall") },
          { name: t("accuracy.feedbackAccuracy") },
          { name: t("accuracy.precision"), end: true },
          { name: "F1", end: true },
        ]}
        labelledBy="classes-title"
        className={css.table}
        testId="class-table"
      >
        {shown.map(({ label, images, recall, recall_interval: interval, precision, f1 }) => (
          <tr key={label}>
            <th scope="row" title={[...tree.above(label), label].join(" › ")}>
              <LabelPath above={tree.above(label).slice(-1)} />
              {label}
            </th>
            <td>
              {recall !== null && (
                <IntervalBar share={recall} interval={interval} n={images} tone="test" />
              )}
            </td>
            <td>
              <FeedbackBar share={feedback?.per_label[label]} />
            </td>
            <td className="end">{orDash(precision, percent, language)}</td>
            <td className="end">{orDash(f1, score, language)}</td>
          </tr>
        ))}
      </DataTable>
      {found.length === 0 && <p className="muted small">{t("combobox.none")}</p>}
      {more}
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

/** Feedback on this version's answers. */
function useModelFeedback(report: Report): ModelFeedback | undefined {
  const api = useApi();
  const stats = useQuery({
    queryKey: ["stats", "all"],
    queryFn: ({ signal }) => api.stats({}, signal),
    staleTime: 10_000,
  });
  return stats.data?.feedback.by_model[modelRef(report)];
}

const BY: Record<Order, (a: ClassScores, b: ClassScores) => number> = {
  worst: (a, b) => (a.recall ?? 2) - (b.recall ?? 2) || a.label.localeCompare(b.label),
  name: (a, b) => a.label.localeCompare(b.label),
  images: (a, b) => b.images - a.images || a.label.localeCompare(b.label),
};
