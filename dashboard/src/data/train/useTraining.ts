import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useState } from "react";
import type { Dataset, DatasetClass, DatasetDetails, InstantRun } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { countFacts, type Counts } from "../facts/filter";
import type { Facts } from "../facts/useWorkbench";

export interface Training {
  /** The latest. */
  run: InstantRun | undefined;
  isBusy: boolean;
  /** Pressed while images are on their way or not yet looked at: a training takes all of them. */
  waits: boolean;
  isArriving: boolean;
  /** Classes with which the API starts no training. */
  few: readonly DatasetClass[];
  error: Error | null;
  /** Starts when all images have been looked at. */
  start: () => void;
  /** Starts without those that have not. */
  startNow: () => void;
}

const EVERY_MS = 1_000;
/** As in `visionflow/loop/training.py`: one to learn from and one to test with. */
export const LEAST_IMAGES = 2;
export const LEAST_CLASSES = 2;

/** Classes with fewer; none while images are on their way, which may belong to them. */
export function classesWithFew({ classes }: Dataset, { pending, byClass }: Counts) {
  if (pending > 0) return [];
  return classes.filter(({ name }) => (byClass.get(name) ?? 0) < LEAST_IMAGES);
}

const isActive = ({ state }: InstantRun) => state === "waiting" || state === "running";

/** The latest training of a dataset, and how the next one is started. */
export function useTraining(details: DatasetDetails, facts: Facts, sending: boolean): Training {
  const { bench, counts } = facts;
  const { dataset, run: latest } = details;
  const { name } = dataset;
  const api = useApi();
  const queries = useQueryClient();
  const id = latest?.id ?? null;
  const run = useQuery({
    queryKey: ["run", name, id],
    queryFn: ({ signal }) => api.run(name, id ?? "", signal),
    enabled: id !== null,
    ...(latest && { initialData: latest }),
    refetchInterval: ({ state }) => (state.data && isActive(state.data) ? EVERY_MS : false),
  });
  const hasEnded =
    latest !== null && isActive(latest) && run.data !== undefined && !isActive(run.data);
  useEffect(() => {
    if (!hasEnded) return;
    for (const key of [["dataset", name], ["models"]]) {
      void queries.invalidateQueries({ queryKey: key });
    }
  }, [hasEnded, name, queries]);
  const start = useMutation({
    mutationFn: () => api.train(name),
    onSuccess: (started) => {
      queries.setQueryData<DatasetDetails>(
        ["dataset", name],
        (known) => known && { ...known, run: started },
      );
      void queries.invalidateQueries({ queryKey: ["runs", name] });
    },
    onError: () => void bench.load(), // it may have been refused for images that others changed
  });
  const [waits, setWaits] = useState(false);
  const isArriving = sending || (counts !== null && counts.pending > 0);
  const startNow = () => {
    setWaits(false);
    start.mutate();
  };
  const begin = useEffectEvent(() => {
    if (countFacts(bench.table).pending === 0) startNow();
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
  return {
    run: run.data,
    isBusy: start.isPending || (run.data !== undefined && isActive(run.data)),
    waits,
    isArriving,
    few: counts && !sending ? classesWithFew(dataset, counts) : [],
    error: start.error,
    start: () => {
      if (isArriving) setWaits(true);
      else startNow();
    },
    startNow,
  };
}
