import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { useApi } from "../../api/ApiContext";
import type { LogEntry } from "../../api/types";

const BATCH = 50;

export interface LabelQueueState {
  entry: LogEntry | undefined;
  /** Records left, including the one that is shown. */
  left: number;
  labelled: number;
  isPending: boolean;
  error: Error | null;
  /** Goes on to the next record. */
  next: (labelled: boolean) => void;
  /** Goes back to the previous record. */
  back: () => void;
  reload: () => void;
}

/** The least certain records without feedback, one at a time. */
export function useLabelQueue(): LabelQueueState {
  const api = useApi();
  const [position, setPosition] = useState(0);
  const [done, setDone] = useState<ReadonlySet<string>>(new Set());
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
    labelled: done.size,
    isPending: uncertain.isPending,
    error: uncertain.error,
    next: (labelled) => {
      if (labelled && entry) setDone(new Set([...done, entry.id]));
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
