import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { ApiError, type JobRequest } from "visionflow-client";

import { useApi } from "../../api/ApiContext";

const EVERY_MS = 4_000;
const MOST_TRIES = 20;

/**
 * Starts a job. While the images of its dataset are compared, some seconds after a change, it asks
 * again until it is cancelled or the page is left.
 */
export function useStart(onStarted: (id: string) => void) {
  const api = useApi();
  const queries = useQueryClient();
  const [isWaiting, setWaiting] = useState(false);
  const trying = useRef<AbortController>(null);
  const cancel = () => trying.current?.abort();
  useEffect(() => () => trying.current?.abort(), []);
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: async (request: JobRequest) => {
      const { signal } = (trying.current = new AbortController());
      for (let tries = 1; !signal.aborted; tries++) {
        try {
          return await api.startJob(request);
        } catch (problem) {
          if (!isComparing(problem) || tries === MOST_TRIES) throw problem;
        }
        setWaiting(true);
        await pause(EVERY_MS, signal);
      }
      return null;
    },
    onSuccess: (job) => {
      if (job === null) return;
      void queries.invalidateQueries({ queryKey: ["jobs"] });
      onStarted(job.id);
    },
    onSettled: () => {
      setWaiting(false);
    },
  });
  return { start: mutate, isPending, error, isWaiting, cancel, forget: reset };
}

function isComparing(problem: unknown): boolean {
  return problem instanceof ApiError && problem.code === "dataset_comparing";
}

/** Until then, or until `signal` says so. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
