import { useTranslation } from "react-i18next";
import type { Findings } from "visionflow-client";

import { LineChart } from "../../charts/Chart";
import { useLanguage } from "../../i18n";
import { percent, whole } from "../../i18n/format";
import { NeverUnknown } from "../report/NeverUnknown";
import type { Holding } from "../report/holding";
import { ChartCard } from "./ChartCard";
import { atThreshold } from "./confidence";

const SHARE = { min: 0, max: 1, percent: true } as const;

interface CoverageChartProps {
  calibration: Findings["calibration"];
  /** Test images. */
  images: number;
  holding: Holding;
}

/** What a threshold costs and gains, and where that of this version stands. */
export function CoverageChart({ calibration, images, holding }: CoverageChartProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { coverage: curve, unknown_threshold: used } = calibration;
  const over = (values: readonly number[]) =>
    curve.threshold.map((x, index) => ({ x, y: values[index] ?? 0 }));
  const here = atThreshold(curve, used);
  const threshold = percent(used, language);
  const mark = t("accuracy.servedAt", { threshold });
  const sentence =
    here &&
    t("accuracy.atThreshold", {
      threshold,
      named: percent(here.coverage, language),
      right: percent(here.accuracy, language),
      n: whole(Math.round(here.coverage * images), language),
    });
  return (
    <ChartCard title={t("accuracy.coverage")} text={t("accuracy.coverageText")}>
      <LineChart
        series={[
          { name: t("accuracy.named"), points: over(curve.coverage) },
          { name: t("accuracy.rightOfNamed"), points: over(curve.accuracy) },
          {
            name: mark,
            points: [
              { x: used, y: 0 },
              ...(here ? [here.coverage, here.accuracy] : [])
                .sort((a, b) => a - b)
                .map((y) => ({ x: used, y, note: percent(y, language) })),
              { x: used, y: 1 },
            ],
            reference: true,
          },
        ]}
        x={{ title: t("accuracy.threshold"), ...SHARE }}
        y={{ title: "", ...SHARE }}
        summary={`${t("accuracy.coverageText")} ${mark}`}
        height={300}
        testId="coverage"
      />
      {holding.neverUnsure ? (
        <NeverUnknown holding={holding} />
      ) : (
        <p className="small" data-testid="threshold-used">
          {sentence ?? t("accuracy.atNoAnswer", { threshold })}{" "}
          <span className="muted">{t("accuracy.coverageAlone")}</span>
        </p>
      )}
    </ChartCard>
  );
}
