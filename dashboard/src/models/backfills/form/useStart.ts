import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { type BackfillRequest, randomKey } from "visionflow-client";

import { useApi } from "../../../api/ApiContext";

/** Says what a request takes, and then starts it. */
export function useStart(onStarted: (id: string) => void) {
  const api = useApi();
  const queries = useQueryClient();
  const key = useRef("");
  const estimate = useMutation({
    mutationFn: (request: BackfillRequest) => {
      key.current = randomKey(); // one start for each estimate
      return api.startBackfill({ ...request, dry_run: true });
    },
  });
  const start = useMutation({
    mutationFn: (request: BackfillRequest) => api.startBackfill({ ...request, key: key.current }),
    onSuccess: ({ backfill }) => {
      void queries.invalidateQueries({ queryKey: ["backfills"] });
      estimate.reset();
      if (backfill === null) return;
      queries.setQueryData(["backfill", backfill.id], backfill);
      onStarted(backfill.id);
    },
  });
  return {
    estimate: estimate.mutate,
    start: start.mutate,
    known: estimate.data ?? null,
    isCounting: estimate.isPending,
    isPending: estimate.isPending || start.isPending,
    error: start.error ?? estimate.error,
    forget: () => {
      estimate.reset();
      start.reset();
    },
  };
}
