import { useTranslation } from "react-i18next";
import type { Findings, Reliability } from "visionflow-client";

import { LineChart } from "../../charts/Chart";
import type { Series } from "../../charts/LineChart";
import { IntervalBar } from "../../ui/interval/IntervalBar";
import { wilson } from "../../ui/interval/wilson";
import { useLanguage } from "../../i18n";
import { percent, whole } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";
import { ChartCard } from "./ChartCard";
import { mergedBins } from "./confidence";

const SHARE = { min: 0, max: 1, percent: true } as const;
const DIAGONAL = [
  { x: 0, y: 0 },
  { x: 1, y: 1 },
];

/** Accuracy at each confidence, with the number of answers behind each point. */
export function ReliabilityChart({ before, after }: Findings["calibration"]) {
  const { t } = useTranslation();
  const language = useLanguage();
  const number = (n: number) => whole(n, language);
  const line = (name: string, { ece, bins }: Reliability, noted: boolean): Series => ({
    name: `${name} (ECE ${percent(ece, language)})`,
    points: mergedBins(bins).map(({ confidence, accuracy, images }) => ({
      x: confidence,
      y: accuracy,
      ...(noted && { note: number(images) }),
    })),
    dots: true,
  });
  const served = mergedBins(after.bins);
  const series = [
    line(t("accuracy.calibrated"), after, true),
    // Two numbers beside each other could not be read.
    line(t("accuracy.raw"), before, false),
    { name: t("accuracy.perfect"), points: DIAGONAL, reference: true },
  ];
  return (
    <ChartCard title={t("accuracy.reliability")} text={t("accuracy.reliabilityText")}>
      <LineChart
        series={series}
        x={{ title: t("predict.confidence"), ...SHARE }}
        y={{ title: t("accuracy.rightShare"), ...SHARE }}
        summary={series.map(({ name }) => name).join(", ")}
        height={300}
        testId="reliability"
      />
      <details>
        <summary id="bins-title">{t("accuracy.bins")}</summary>
        <DataTable
          columns={[
            { name: t("predict.confidence") },
            { name: t("accuracy.answers"), end: true },
            { name: t("accuracy.rightShare") },
          ]}
          labelledBy="bins-title"
          testId="bins"
        >
          {served.map(({ low, high, images, accuracy }) => (
            <tr key={low}>
              <th scope="row">
                {percent(low, language)}–{percent(high, language)}
              </th>
              <td className="end">{number(images)}</td>
              <td>
                <IntervalBar
                  share={accuracy}
                  interval={wilson(accuracy, images)}
                  n={images}
                  tone="test"
                />
              </td>
            </tr>
          ))}
        </DataTable>
      </details>
    </ChartCard>
  );
}
