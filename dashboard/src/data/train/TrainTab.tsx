import { useTranslation } from "react-i18next";
import type { DatasetDetails, InstantRun } from "visionflow-client";

import { useMay } from "../../access/useMe";
import { useLanguage } from "../../i18n";
import { duration, money, orDash, whole } from "../../i18n/format";
import { MissingScope } from "../../ui/notice/MissingScope";
import { Problem } from "../../ui/notice/Problem";
import { Reading } from "../facts/Reading";
import type { Facts } from "../facts/useWorkbench";
import { RunPanel } from "./RunPanel";
import { RunsTable } from "./RunsTable";
import { TooFew } from "./TooFew";
import { LEAST_CLASSES, type Training } from "./useTraining";

interface TrainTabProps {
  details: DatasetDetails;
  facts: Facts;
  training: Training;
}

/** One button, what it does while it works, and what came of it. */
export function TrainTab({ details, facts, training }: TrainTabProps) {
  const { bench, counts } = facts;
  const { dataset, forecast } = details;
  const { run, few, waits, isBusy, isArriving, error } = training;
  const { t } = useTranslation();
  const language = useLanguage();
  const may = useMay();
  const { name } = dataset;
  const trained = counts && [...counts.byClass.values()].filter((images) => images > 0).length;
  const isUnread = counts === null && !bench.error;
  const tooFewClasses = trained !== null && trained < LEAST_CLASSES;
  const seconds = run ? took(run) : null;
  return (
    <div className="stack">
      <section className="card panel" aria-labelledby="train-title">
        <div>
          <h2 id="train-title">{t("data.train")}</h2>
          <p className="muted small">{t("data.trainText")}</p>
        </div>
        <p className="numeric" data-testid="train-plan">
          {t("data.trainPlan", {
            images: orDash(counts?.labelled, whole, language),
            classes: orDash(trained, whole, language),
          })}
          {seconds !== null && ` ${t("data.trainTook", { time: duration(seconds, language) })}`}
        </p>
        {forecast !== null && (
          <p className="numeric" data-testid="forecast">
            {t("data.forecast", {
              time: duration(forecast.seconds, language),
              cost: money(forecast.usd, "USD", language),
              images: whole(forecast.images, language),
            })}
          </p>
        )}
        {tooFewClasses && few.length === 0 && <p className="muted small">{t("data.trainNeeds")}</p>}
        {!counts && <Reading bench={bench} />}
        {counts && few.length > 0 && (
          <TooFew
            dataset={dataset}
            bench={bench}
            counts={counts}
            few={few}
            onTrain={training.startNow}
          />
        )}
        {waits && (
          <p role="status" className="numeric" data-testid="train-waits">
            {t("data.trainWaits", { images: orDash(counts?.pending, whole, language) })}
          </p>
        )}
        {may("POST /datasets/{name}/train") ? (
          <div className="row">
            <button
              type="button"
              className="button primary"
              disabled={
                isBusy || waits || isUnread || few.length > 0 || (tooFewClasses && !isArriving)
              }
              onClick={training.start}
              data-testid="train"
            >
              {t(isBusy ? "data.training" : "data.trainNow")}
            </button>
            {waits && !tooFewClasses && (
              <button
                type="button"
                className="button"
                onClick={training.startNow}
                data-testid="train-without"
              >
                {t("data.trainWithout")}
              </button>
            )}
          </div>
        ) : (
          <MissingScope route="POST /datasets/{name}/train" />
        )}
        {error && <Problem error={error} />}
      </section>
      {run && <RunPanel key={run.id} run={run} dataset={dataset} />}
      <RunsTable name={name} newest={run?.id} state={run?.state} />
    </div>
  );
}

/** Seconds that a finished training took. */
function took({ started_at, finished_at, state }: InstantRun): number | null {
  if (finished_at === null || state !== "done") return null;
  return (Date.parse(finished_at) - Date.parse(started_at)) / 1000;
}
