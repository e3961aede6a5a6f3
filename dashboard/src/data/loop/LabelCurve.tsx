import { useTranslation } from "react-i18next";
import type { RunResult } from "visionflow-client";

import { LineChart } from "../../charts/Chart";
import { useLanguage } from "../../i18n";
import { percent, whole } from "../../i18n/format";

/** Accuracy against the number of labels, with its interval. A run from before has no curve. */
export function LabelCurve({ curve }: Pick<RunResult, "curve">) {
  const { t } = useTranslation();
  const language = useLanguage();
  const first = curve[0];
  const last = curve.at(-1);
  if (first === undefined || last === undefined || curve.length < 2) return null;
  const line = (name: "top1" | "top1_low" | "top1_high") =>
    curve.map((point) => ({ x: point.images, y: point[name] }));
  return (
    <>
      <h3>{t("data.loop.curve")}</h3>
      <p className="muted">{t("data.loop.curveText")}</p>
      <LineChart
        summary={t("data.loop.curveSummary", {
          first: percent(first.top1, language),
          few: whole(first.images, language),
          last: percent(last.top1, language),
          all: whole(last.images, language),
        })}
        series={[
          { name: t("data.top1"), points: line("top1"), dots: true },
          { name: t("data.loop.low"), points: line("top1_low"), reference: true },
          { name: t("data.loop.high"), points: line("top1_high"), reference: true },
        ]}
        x={{ title: t("data.loop.labels"), min: 0, whole: true }}
        y={{ title: t("data.top1"), max: 1, percent: true }}
        testId="label-curve"
      />
    </>
  );
}
