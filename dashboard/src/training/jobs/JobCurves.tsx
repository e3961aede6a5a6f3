import { useTranslation } from "react-i18next";
import type { JobEpoch } from "visionflow-client";

import { LineChart } from "../../charts/Chart";
import css from "./JobCurves.module.css";

/** Loss and accuracy by epoch, updated while the job runs. */
export function JobCurves({ epochs }: { epochs: readonly JobEpoch[] }) {
  const { t } = useTranslation();
  const line = (name: string, value: (epoch: JobEpoch) => number) => ({
    name,
    points: epochs.map((entry) => ({ x: entry.epoch, y: value(entry) })),
  });
  const x = { title: t("training.epoch"), whole: true };
  if (epochs.length === 0) return <p className={`muted ${css.none}`}>{t("training.noEpochs")}</p>;
  const last = epochs.at(-1);
  return (
    <div className={css.charts}>
      <div>
        <h3>{t("training.loss")}</h3>
        <LineChart
          series={[
            line(t("training.onTraining"), (epoch) => epoch.train_loss),
            line(t("training.onValidation"), (epoch) => epoch.validation_loss),
          ]}
          x={x}
          y={{ title: "", min: 0 }}
          summary={`${t("training.loss")}: ${last?.validation_loss.toFixed(3) ?? ""}`}
          height={220}
          testId="loss-curve"
        />
      </div>
      <div>
        <h3>{t("training.accuracy")}</h3>
        <LineChart
          series={[
            line(t("training.onTraining"), (epoch) => epoch.train_top1),
            line(t("training.onValidation"), (epoch) => epoch.validation_top1),
          ]}
          x={x}
          y={{ title: "", max: 1, percent: true }}
          summary={`${t("training.accuracy")}: ${last?.validation_top1.toFixed(3) ?? ""}`}
          height={220}
          testId="accuracy-curve"
        />
      </div>
    </div>
  );
}
