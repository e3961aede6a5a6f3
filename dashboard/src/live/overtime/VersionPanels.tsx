import { useTranslation } from "react-i18next";
import type { VersionDay } from "visionflow-client";

import { MOST_SERIES } from "../../charts/style";
import { useLanguage } from "../../i18n";
import { shortDay, whole } from "../../i18n/format";
import { DayPanel } from "./DayPanel";
import { hasAny, judged, LEAST_ANSWERS, LEAST_FEEDBACK, ofVersion, versionsOf } from "./days";

interface PanelProps {
  rows: readonly VersionDay[];
  days: readonly string[];
}

const nameOf = (key: string) => key.replace("/", " ");

/** How often each version was right on images that people judged. */
export function AccuracyPanel({ rows, days }: PanelProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const series = versionsOf(rows)
    .map((key) => ({
      name: nameOf(key),
      values: ofVersion(rows, key, days, (row) => judged(row)?.share ?? null),
      low: ofVersion(rows, key, days, (row) => judged(row)?.low ?? null),
      high: ofVersion(rows, key, days, (row) => judged(row)?.high ?? null),
    }))
    .filter(({ values }) => hasAny(values));
  const n = rows.reduce((sum, { feedback }) => sum + (feedback?.n ?? 0), 0);
  const thin = rows.some(({ feedback }) => feedback !== null && feedback.n < LEAST_FEEDBACK);
  return (
    <DayPanel
      id="accuracy"
      title={t("overTime.accuracy")}
      total={t("overTime.accuracyTotal", { n: whole(n, language) })}
      text={t("overTime.accuracyText")}
      few={series.length > 0 ? null : t("overTime.fewFeedback", { least: LEAST_FEEDBACK })}
      gaps={thin ? LEAST_FEEDBACK : null}
      most={series.length > MOST_SERIES ? MOST_SERIES : null}
      kind="lines"
      days={days.map((day) => shortDay(day, language))}
      series={series.slice(0, MOST_SERIES)}
      y={{ title: "", percent: true, max: 1 }}
    />
  );
}

// Two lines for each version.
const MOST_VERSIONS = Math.floor(MOST_SERIES / 2);

/** Percentiles of the time in the function. */
export function LatencyPanel({ rows, days }: PanelProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const enough = ({ latency }: VersionDay) =>
    latency !== null && latency.n >= LEAST_ANSWERS ? latency : null;
  const found = versionsOf(rows)
    .map((key) => ({
      name: nameOf(key),
      p50: ofVersion(rows, key, days, (row) => enough(row)?.p50_ms ?? null),
      p95: ofVersion(rows, key, days, (row) => enough(row)?.p95_ms ?? null),
    }))
    .filter(({ p50 }) => hasAny(p50));
  const n = rows.reduce((sum, { latency }) => sum + (latency?.n ?? 0), 0);
  const thin = rows.some(({ latency }) => latency !== null && latency.n < LEAST_ANSWERS);
  return (
    <DayPanel
      id="latency"
      title={t("overTime.latency")}
      total={t("overTime.latencyTotal", { n: whole(n, language) })}
      text={t("overTime.latencyText")}
      few={found.length > 0 ? null : t("overTime.few", { least: LEAST_ANSWERS })}
      gaps={thin ? LEAST_ANSWERS : null}
      most={found.length > MOST_VERSIONS ? MOST_VERSIONS : null}
      kind="lines"
      days={days.map((day) => shortDay(day, language))}
      series={found.slice(0, MOST_VERSIONS).flatMap(({ name, p50, p95 }) => [
        { name: t("overTime.p50Of", { name }), values: p50 },
        { name: t("overTime.p95Of", { name }), values: p95 },
      ])}
      y={{ title: "ms" }}
    />
  );
}
