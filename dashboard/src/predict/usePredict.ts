import { useMutation } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";

import { useApi } from "../api/ApiContext";
import { ApiError } from "../api/errors";
import type { PredictAnswer } from "../api/types";
import { MAX_UPLOAD_BYTES } from "../i18n/texts";

export interface Outcome {
  prediction: PredictAnswer;
  /** From sending to the parsed answer, as the reader waits for it. */
  roundTripMs: number;
}

/** Classify one file at a time: a new one takes the place of the one that is under way. */
export function usePredict() {
  const api = useApi();
  const running = useRef<AbortController | null>(null);
  const { mutate, data, error, isPending } = useMutation({
    mutationFn: async (file: File): Promise<Outcome> => {
      if (file.size > MAX_UPLOAD_BYTES) {
        throw new ApiError("body_too_large", `${file.size} bytes`);
      }
      const abort = new AbortController();
      running.current = abort;
      const start = performance.now();
      const prediction = await api.predict(file, abort.signal);
      return { prediction, roundTripMs: performance.now() - start };
    },
  });
  useEffect(() => () => running.current?.abort(), []);
  const predict = useCallback(
    (file: File) => {
      running.current?.abort();
      mutate(file);
    },
    [mutate],
  );
  return { predict, outcome: data, error, isPending };
}
