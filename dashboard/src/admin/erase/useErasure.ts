import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { useApi } from "../../api/ApiContext";

type State = "idle" | "running" | "stopped" | "done";

export interface Erasure {
  state: State;
  /** Records so far. */
  erased: number;
  error: Error | null;
  start: (owner: string) => void;
  stop: () => void;
}

/** Asks the API for one bounded part after the other, until nothing of the owner is left. */
export function useErasure(): Erasure {
  const api = useApi();
  const queries = useQueryClient();
  const [state, setState] = useState<State>("idle");
  const [erased, setErased] = useState(0);
  const [error, setError] = useState<Error | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const run = async (owner: string, signal: AbortSignal) => {
    setState("running");
    setErased(0);
    setError(null);
    try {
      for (let left = true; left;) {
        const part = await api.eraseOwner(owner, signal);
        setErased((before) => before + part.erased);
        left = part.left;
      }
      setState("done");
    } catch (cause) {
      if (signal.aborted) {
        setState("stopped");
        return;
      }
      setState("idle");
      setError(cause instanceof Error ? cause : new Error(String(cause)));
    } finally {
      for (const key of ["logs", "prediction", "uncertain", "stats"]) {
        queries.removeQueries({ queryKey: [key] });
      }
    }
  };
  return {
    state,
    erased,
    error,
    start: (owner) => {
      running.current?.abort();
      running.current = new AbortController();
      void run(owner, running.current.signal);
    },
    stop: () => {
      running.current?.abort();
    },
  };
}
