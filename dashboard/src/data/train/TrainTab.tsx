import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useState } from "react";
import { useTranslation } from "react-i18next";

import { useMay } from "../../access/useMe";
import { useApi } from "../../api/ApiContext";
import type { DatasetDetails, InstantRun } from "../../api/datasets";
import { useLanguage } from "../../i18n";
import { duration, money, whole } from "../../i18n/format";
import { MissingScope } from "../../ui/notice/MissingScope";
import { Problem } from "../../ui/notice/Problem";
import { countFacts } from "../facts/filter";
import type { Facts } from "../facts/useWorkbench";
import { RunPanel } from "./RunPanel";
import { RunsTable } from "./RunsTable";

interface TrainTabProps {
  details: DatasetDetails;
  facts: Facts;
  /** Whether images are on their way. */
  sending: boolean;
}

const EVERY_MS = 1_000;

const isActive = ({ state }: InstantRun) => state === "waiting" || state === "running";

/** One button, what it does while it works, and what came of it. */
export function TrainTab({ details, facts, sending }: TrainTabProps) {
  const { bench, counts } = facts;
  const { dataset, run: latest, forecast } = details;
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const may = useMay();
  const queries = useQueryClient();
  const { name } = dataset;
  const id = latest?.id ?? null;
  const run = useQuery({
    queryKey: ["run", name, id],
    queryFn: ({ signal }) => api.run(name, id ?? "", signal),
    enabled: id !== null,
    ...(latest && { initialData: latest }),
    refetchInterval: ({ state }) => (state.data && isActive(state.data) ? EVERY_MS : false),
  });
  const start = useMutation({
    mutationFn: () => api.train(name),
    onSuccess: (started) => {
      queries.setQueryData<DatasetDetails>(
        ["dataset", name],
        (known) => known && { ...known, run: started },
      );
      void queries.invalidateQueries({ queryKey: ["runs", name] });
    },
  });
  // Pressed while images are on their way or not yet looked at: a training takes all of them.
  const [waits, setWaits] = useState(false);
  const isArriving = sending || counts.pending > 0;
  const begin = useEffectEvent(() => {
    if (countFacts(bench.table).pending > 0) return;
    setWaits(false);
    start.mutate();
  });
  useEffect(() => {
    if (!waits || isArriving) return;
    let wanted = true;
    // The last images may not be in the table yet.
    void bench.load().then(() => {
      if (wanted) begin();
    });
    return () => {
      wanted = false;
    };
  }, [bench, waits, isArriving]);
  const isBusy = start.isPending || (run.data !== undefined && isActive(run.data));
  const trained = [...counts.byClass.values()].filter((images) => images > 0).length;
  const seconds = run.data ? took(run.data) : null;
  return (
    <div className="stack">
      <section className="card panel" aria-labelledby="train-title">
        <div>
          <h2 id="train-title">{t("data.train")}</h2>
          <p className="muted small">{t("data.trainText")}</p>
        </div>
        <p className="numeric" data-testid="train-plan">
          {t("data.trainPlan", {
            images: whole(counts.labelled, language),
            classes: whole(trained, language),
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
        {trained < 2 && <p className="muted small">{t("data.trainNeeds")}</p>}
        {waits && (
          <p role="status" className="numeric" data-testid="train-waits">
            {t("data.trainWaits", { images: whole(counts.pending, language) })}
          </p>
        )}
        {may("POST /datasets/{name}/train") ? (
          <div className="row">
            <button
              type="button"
              className="button primary"
              disabled={isBusy || waits || (trained < 2 && !isArriving)}
              onClick={() => {
                if (isArriving) setWaits(true);
                else start.mutate();
              }}
              data-testid="train"
            >
              {t(isBusy ? "data.training" : "data.trainNow")}
            </button>
            {waits && trained >= 2 && (
              <button
                type="button"
                className="button"
                onClick={() => {
                  setWaits(false);
                  start.mutate();
                }}
                data-testid="train-without"
              >
                {t("data.trainWithout")}
              </button>
            )}
          </div>
        ) : (
          <MissingScope route="POST /datasets/{name}/train" />
        )}
        {start.error && <Problem error={start.error} />}
      </section>
      {run.data && <RunPanel key={run.data.id} run={run.data} dataset={dataset} />}
      <RunsTable name={name} newest={run.data?.id} state={run.data?.state} />
    </div>
  );
}

/** Seconds that a finished training took. */
function took({ started_at, finished_at, state }: InstantRun): number | null {
  if (finished_at === null || state !== "done") return null;
  return (Date.parse(finished_at) - Date.parse(started_at)) / 1000;
}
