import { useTranslation } from "react-i18next";
import type { VersionDay } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { percent, shortDay, whole } from "../../i18n/format";
import { DayPanel } from "./DayPanel";
import { answered, hasAny, LEAST_IMAGES, sums } from "./days";

interface PanelProps {
  rows: readonly VersionDay[];
  days: readonly string[];
}

export function VolumePanel({ rows, days }: PanelProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const found = sums(rows, days);
  const n = found.reduce((sum, day) => sum + answered(day) + day.failed, 0);
  return (
    <DayPanel
      id="volume"
      title={t("overTime.volume")}
      total={t("overTime.volumeTotal", { n: whole(n, language), days: days.length })}
      few={null}
      gaps={null}
      kind="stack"
      days={days.map((day) => shortDay(day, language))}
      series={[
        { name: t("status.ok"), values: found.map(({ ok }) => ok) },
        {
          name: t("status.unknown"),
          values: found.map(({ unsure, unfamiliar }) => unsure + unfamiliar),
        },
        { name: t("status.failed"), values: found.map(({ failed }) => failed) },
      ]}
      y={{ title: "", whole: true }}
    />
  );
}

export function UnknownPanel({ rows, days }: PanelProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const found = sums(rows, days);
  const n = found.reduce((sum, day) => sum + answered(day), 0);
  const unknown = found.reduce((sum, { unsure, unfamiliar }) => sum + unsure + unfamiliar, 0);
  const share = (reason: "unsure" | "unfamiliar") =>
    found.map((day) => (answered(day) < LEAST_IMAGES ? null : day[reason] / answered(day)));
  const unsure = share("unsure");
  const thin = found.some((day) => answered(day) > 0 && answered(day) < LEAST_IMAGES);
  return (
    <DayPanel
      id="unknown"
      title={t("overTime.unknown")}
      total={t("overTime.unknownTotal", {
        share: n === 0 ? "–" : percent(unknown / n, language),
        n: whole(n, language),
      })}
      few={hasAny(unsure) ? null : t("overTime.few", { least: LEAST_IMAGES })}
      gaps={thin ? LEAST_IMAGES : null}
      kind="stack"
      days={days.map((day) => shortDay(day, language))}
      series={[
        { name: t("reason.unsure"), values: unsure },
        { name: t("reason.unfamiliar"), values: share("unfamiliar") },
      ]}
      y={{ title: "", percent: true }}
    />
  );
}
