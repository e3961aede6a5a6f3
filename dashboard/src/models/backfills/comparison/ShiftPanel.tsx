import { useTranslation } from "react-i18next";
import type { BackfillComparison } from "visionflow-client";

import { BarChart } from "../../../charts/Chart";
import { useLanguage } from "../../../i18n";
import { whole } from "../../../i18n/format";

/** From this change on, a version is surer or less sure. */
const CHANGED = 0.1;
/** Edges are not exact. */
const EXACT = 1e-6;

interface ShiftPanelProps {
  confidence: BackfillComparison["confidence"];
}

/** By how much the new version is surer or less sure, image by image. */
export function ShiftPanel({ confidence: { edges, counts } }: ShiftPanelProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const points = (share: number) => whole(Math.round(100 * share) || 0, language);
  const bins = counts.map((images, index) => {
    const [low = 0, high = 0] = [edges[index], edges[index + 1]];
    return {
      low,
      high,
      images,
      name: t("comparison.bin", { low: points(low), high: points(high) }),
    };
  });
  const sum = (chosen: typeof bins) => chosen.reduce((total, { images }) => total + images, 0);
  const less = sum(bins.filter(({ high }) => high <= EXACT - CHANGED));
  const more = sum(bins.filter(({ low }) => low >= CHANGED - EXACT));
  const words = t("comparison.shiftWords", {
    more: whole(more, language),
    less: whole(less, language),
    same: whole(sum(bins) - more - less, language),
  });
  const drawn = bins
    .filter(({ images }) => images > 0)
    .map(({ name, images }) => `${name}: ${whole(images, language)}`)
    .join(", ");
  return (
    <section className="card panel" aria-labelledby="shift-title" data-testid="shift">
      <div>
        <h2 id="shift-title">{t("comparison.shift")}</h2>
        <p className="muted small">{t("comparison.shiftText")}</p>
      </div>
      <p>{words}</p>
      <BarChart
        bars={bins.map(({ name, images }) => ({ name, value: images }))}
        x={t("comparison.shiftAxis")}
        y={{ title: t("comparison.images"), min: 0, whole: true }}
        summary={`${t("comparison.shiftText")} ${drawn}`}
        testId="shift-chart"
      />
    </section>
  );
}
