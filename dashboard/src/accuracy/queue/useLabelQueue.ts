import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { useApi } from "../../api/ApiContext";
import type { Feedback, LogEntry } from "../../api/types";

const BATCH = 50;

export interface LabelQueueState {
  entry: LogEntry | undefined;
  /** Records left, including the one that is shown. */
  left: number;
  /** The feedback that was given here, by record. */
  said: ReadonlyMap<string, Feedback>;
  isPending: boolean;
  error: Error | null;
  /** Goes on to the next record; `null`: without feedback. */
  next: (feedback: Feedback | null) => void;
  /** Goes back to the previous record. */
  back: () => void;
  reload: () => void;
}

/** The least certain records without feedback, one at a time. */
export function useLabelQueue(): LabelQueueState {
  const api = useApi();
  const [position, setPosition] = useState(0);
  const [said, setSaid] = useState<ReadonlyMap<string, Feedback>>(new Map());
  const uncertain = useQuery({
    queryKey: ["uncertain"],
    queryFn: ({ signal }) => api.uncertain(BATCH, signal),
    staleTime: Infinity, // the list must not change while it is worked through
    gcTime: 0,
  });
  const entries = uncertain.data ?? [];
  const entry = entries[position];
  return {
    entry,
    left: Math.max(entries.length - position, 0),
    said,
    isPending: uncertain.isPending,
    error: uncertain.error,
    next: (feedback) => {
      if (feedback && entry) setSaid(new Map([...said, [entry.id, feedback]]));
      setPosition(position + 1);
    },
    back: () => {
      setPosition(Math.max(position - 1, 0));
    },
    reload: () => {
      setPosition(0);
      void uncertain.refetch();
    },
  };
}
