import { useEffect, useEffectEvent, useMemo, useRef } from "react";
import type { LogEntry } from "visionflow-client";

import type { Feed } from "../../feed/useFeed";

export interface Neighbours {
  /** The record itself. */
  row: LogEntry;
  /** From 1, and of how many rows; there are more where the list has not ended. */
  position: number;
  shown: number;
  hasPrevious: boolean;
  hasNext: boolean;
  previous: () => void;
  /** Loads the next page of the list where it ends. */
  next: () => void;
  /** Why the next record could not be loaded. */
  error: Error | null;
}

/** The records before and after `id` in the list it was opened from; `null` for one not in it. */
export function useNeighbours(
  feed: Pick<Feed, "rows" | "hasOlder" | "isLoadingOlder" | "olderError" | "loadOlder">,
  id: string | null,
  onGo: (id: string) => void,
): Neighbours | null {
  const { rows, hasOlder, isLoadingOlder, olderError } = feed;
  const at = useMemo(() => rows.findIndex((row) => row.id === id), [rows, id]);
  /** The record whose successor is still being loaded. */
  const awaited = useRef<string | null>(null);
  const successor = rows[at + 1]?.id;

  const arrive = useEffectEvent(() => {
    if (awaited.current === null) return;
    const isHere = awaited.current === id;
    if (isHere && successor === undefined && isLoadingOlder) return;
    awaited.current = null; // the user decides whether to try once more
    if (isHere && successor !== undefined) onGo(successor);
  });
  useEffect(() => {
    arrive();
  }, [id, successor, isLoadingOlder]);

  const row = rows[at];
  if (row === undefined) return null;
  return {
    row,
    position: at + 1,
    shown: rows.length,
    hasPrevious: at > 0,
    hasNext: successor !== undefined || hasOlder,
    previous: () => {
      const before = rows[at - 1];
      if (before) onGo(before.id);
    },
    next: () => {
      if (successor !== undefined) onGo(successor);
      else if (hasOlder) {
        awaited.current = row.id;
        if (!isLoadingOlder) feed.loadOlder();
      }
    },
    error: successor === undefined && !isLoadingOlder ? olderError : null,
  };
}
