import { useTranslation } from "react-i18next";
import type { InstantRun } from "visionflow-client";

import { LineChart } from "../../charts/Chart";
import { useLanguage } from "../../i18n";
import { percent, shortDateTime } from "../../i18n/format";

/** Whether a training measured its accuracy against the number of labels. */
export function hasCurve({ result }: InstantRun): boolean {
  return (result?.curve.length ?? 0) > 1;
}

/** The label curves of several trainings over each other. */
export function RunOverlay({ runs }: { runs: readonly InstantRun[] }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const name = (run: InstantRun) =>
    t("overlay.runName", {
      version: run.version,
      time: shortDateTime(run.started_at, language),
    });
  const best = (run: InstantRun) => percent(run.result?.top1 ?? 0, language);
  return (
    <>
      <h3>{t("overlay.runs")}</h3>
      <p className="muted small">{t("overlay.runsText")}</p>
      <LineChart
        series={runs.map((run, style) => ({
          name: name(run),
          style,
          dots: true,
          points: (run.result?.curve ?? []).map(({ images, top1 }) => ({ x: images, y: top1 })),
        }))}
        x={{ title: t("overlay.images"), min: 0, whole: true }}
        y={{ title: t("overlay.top1"), max: 1, percent: true }}
        summary={`${t("overlay.runs")}: ${runs.map((run) => `${name(run)} ${best(run)}`).join("; ")}`}
        testId="run-overlay"
      />
    </>
  );
}
