import { useEffect, useRef, useState } from "react";
import type { LogEntry } from "visionflow-client";

/** Requests at a time: a stage counts them per minute. */
const AT_ONCE = 4;

interface Failure {
  row: LogEntry;
  error: Error;
}

export interface Batch {
  total: number;
  done: number;
  failures: readonly Failure[];
  isRunning: boolean;
}

type Call = (row: LogEntry) => Promise<unknown>;

/** Makes one call for each of some records, a few at a time; one that fails stops no other. */
export function useBatch() {
  const [batch, setBatch] = useState<Batch | null>(null);
  const stopped = useRef(false);
  useEffect(
    () => () => {
      stopped.current = true;
    },
    [],
  );
  const run = async (rows: readonly LogEntry[], call: Call): Promise<readonly LogEntry[]> => {
    stopped.current = false;
    const waiting = [...rows];
    const failures: Failure[] = [];
    const done = new Set<LogEntry>();
    const show = (isRunning: boolean) => {
      setBatch({
        total: rows.length,
        done: done.size,
        failures: [...failures],
        isRunning,
      });
    };
    show(true);
    const work = async () => {
      for (let row = waiting.shift(); row && !stopped.current; row = waiting.shift()) {
        try {
          await call(row);
          done.add(row);
        } catch (cause) {
          failures.push({ row, error: cause instanceof Error ? cause : new Error(String(cause)) });
        }
        show(true);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    show(false);
    return rows.filter((row) => !done.has(row));
  };
  return {
    batch,
    /** Returns the records that are left: those that failed, and those after a stop. */
    run,
    stop: () => {
      stopped.current = true;
    },
  };
}
