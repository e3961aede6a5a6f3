import type { LogEntry } from "visionflow-client";

import { atLevel } from "../registry/labelTree";

/** The rate is that of the last five minutes. */
export const RATE_WINDOW_MS = 5 * 60_000;
/** Latency and label distribution use at most this many records. */
export const SAMPLE = 100;
/** One bar of the arrivals. */
export const SLOT_MS = 10_000;

export interface LiveNumbers {
  /** Records a minute; over a shorter time if not all records of the window are loaded. */
  perMinute: number;
  /** Latency in the function, milliseconds; `null` without a classified record. */
  p50: number | null;
  p95: number | null;
  /** Shares of the sample, 0..1; `null` for an empty one. */
  unknown: number | null;
  failed: number | null;
  /** Records per slot of the rate's window, oldest first. */
  arrivals: number[];
  sample: number;
}

/** `rows` newest first; `complete`: there are no older ones. */
export function liveNumbers(
  rows: readonly LogEntry[],
  now: number,
  complete: boolean,
): LiveNumbers {
  const recent = rows.slice(0, SAMPLE);
  const latencies = recent
    .filter(({ status }) => status !== "failed")
    .map(({ timings }) => Object.values(timings).reduce((sum, ms) => sum + ms, 0))
    .sort((a, b) => a - b);
  const of = (status: string) => recent.filter((row) => row.status === status).length;
  const share = (count: number) => (recent.length === 0 ? null : count / recent.length);
  return {
    perMinute: ratePerMinute(rows, now, complete),
    p50: quantile(latencies, 0.5),
    p95: quantile(latencies, 0.95),
    unknown: share(of("unknown")),
    failed: share(of("failed")),
    arrivals: arrivals(rows, now),
    sample: recent.length,
  };
}

function ratePerMinute(rows: readonly LogEntry[], now: number, complete: boolean): number {
  const since = now - RATE_WINDOW_MS;
  const within = rows.filter(({ created_at }) => Date.parse(created_at) >= since);
  const last = within.at(-1);
  const covered = complete || within.length < rows.length || last === undefined;
  const span = covered ? RATE_WINDOW_MS : Math.max(now - Date.parse(last.created_at), 1_000);
  return within.length / (span / 60_000);
}

/** Nearest rank: the smallest value that at least `share` of all do not exceed. */
export function quantile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] ?? null;
}

/** The records that were named, among those of the sample. */
export function namedOf(rows: readonly LogEntry[]): Named[] {
  return rows
    .slice(0, SAMPLE)
    .flatMap(({ status, label, parents }) =>
      status === "ok" && label !== null ? [{ label, parents }] : [],
    );
}

interface Named {
  label: string;
  parents: readonly string[];
}

/** How often each label was named, the largest share first; its parent at `level` instead of it. */
export function labelMix(named: readonly Named[], level: number | null) {
  const counts = new Map<string, number>();
  for (const { label, parents } of named) {
    const name = level === null ? label : atLevel(parents, label, level);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .map(([label, count]) => ({ label, count, share: count / named.length }))
    .sort((a, b) => b.count - a.count || a.label.localeCompare(b.label));
}

function arrivals(rows: readonly LogEntry[], now: number): number[] {
  const slots = Array.from({ length: RATE_WINDOW_MS / SLOT_MS }, () => 0);
  for (const { created_at } of rows) {
    const age = Math.floor((now - Date.parse(created_at)) / SLOT_MS);
    const slot = slots.length - 1 - Math.max(age, 0);
    if (slot < 0) break; // newest first: the rest is older still
    slots[slot] = (slots[slot] ?? 0) + 1;
  }
  return slots;
}
