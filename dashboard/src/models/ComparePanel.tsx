import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type Comparison, type ModelItem, modelRef, type UnknownReason } from "visionflow-client";

import { useApi } from "../api/ApiContext";
import { FEW_IMAGES } from "../config/limits";
import { useLanguage } from "../i18n";
import { fileSize, milliseconds, orDash, percent, whole } from "../i18n/format";
import { modelKey } from "../registry/chosen";
import { DataTable } from "../ui/DataTable";
import { Missing } from "../ui/notice/Missing";
import css from "./ComparePanel.module.css";
import { servedMeasure } from "./version/forms";

/** An API that is older than this page does not count the reasons. */
type Counts = Pick<Comparison["items"][number], "n" | "unknown"> &
  Partial<Record<UnknownReason, number>>;

interface ComparePanelProps {
  /** The versions to compare. */
  items: readonly ModelItem[];
}

/** Versions side by side: training's measurements, and results on real images. */
export function ComparePanel({ items }: ComparePanelProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const compared = useQuery({
    queryKey: ["compare", ...items.map(modelRef)],
    queryFn: ({ signal }) => api.compare(items, signal),
  });
  const real = (item: ModelItem) =>
    compared.data?.items.find((entry) => modelKey(entry) === modelKey(item));
  const share = (value: number | null | undefined) => orDash(value, percent, language);
  const count = (value: number | undefined) => orDash(value, whole, language);
  const time = (value: number | null | undefined) => orDash(value, milliseconds, language);

  const rows: [string, (item: ModelItem) => string][] = [
    [t("models.testTop1"), ({ metrics }) => share(metrics.test_top1)],
    [t("accuracy.f1"), ({ metrics }) => share(metrics.test_macro_f1)],
    [t("accuracy.ece"), ({ metrics }) => share(metrics.test_ece)],
    [t("models.size"), (item) => orDash(servedMeasure(item)?.bytes, fileSize, language)],
    [t("models.latency"), (item) => time(servedMeasure(item)?.latencyMs)],
    [t("models.realImages"), (item) => count(real(item)?.n)],
    [
      t("status.unknown"),
      (item) => {
        const counts = real(item);
        if (!counts || counts.n === 0) return "–";
        const { unsure, unfamiliar, unknown, n }: Counts = counts;
        const reasons = { unsure: count(unsure), unfamiliar: count(unfamiliar) };
        return `${share(unknown / n)} (${t("models.unknownReasons", reasons)})`;
      },
    ],
    [t("models.agreement"), (item) => share(real(item)?.agreement)],
    [t("models.meanConfidence"), (item) => share(real(item)?.mean_confidence)],
    ["p50", (item) => time(real(item)?.p50_ms)],
    ["p95", (item) => time(real(item)?.p95_ms)],
    [
      t("models.feedbackAccuracy"),
      (item) => {
        const feedback = real(item)?.feedback;
        if (!feedback) return "–";
        const { accuracy, low, high, n } = feedback;
        if (n < FEW_IMAGES) return t("few.images", { n, needed: FEW_IMAGES });
        return `${share(accuracy)} (${share(low)}–${share(high)}, n=${n})`;
      },
    ],
  ];
  return (
    <section className="card panel" aria-labelledby="compare-title" data-testid="comparison">
      <h2 id="compare-title">{t("models.comparison")}</h2>
      {compared.error && (
        <Missing
          error={compared.error}
          route="GET /models/compare"
          onRetry={() => void compared.refetch()}
        />
      )}
      <DataTable
        columns={[
          { name: t("models.measured"), hidden: true },
          ...items.map((item) => ({ name: modelKey(item), end: true })),
        ]}
        labelledBy="compare-title"
        className={css.table}
      >
        {rows.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {items.map((item) => (
              <td key={modelKey(item)} className="end">
                {value(item)}
              </td>
            ))}
          </tr>
        ))}
      </DataTable>
    </section>
  );
}
