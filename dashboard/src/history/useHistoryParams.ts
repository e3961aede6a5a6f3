import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import type { PredictionSource, PredictionStatus } from "visionflow-client";

import type { Filters } from "../records/feed/feed";
import { VERDICTS } from "../records/feedback/verdict";
import { ORIGINS } from "../records/origin/origin";
import { readMoment } from "../ui/MomentField";

export const STATUSES: readonly PredictionStatus[] = ["ok", "unknown", "failed"];
export const SOURCES: readonly PredictionSource[] = ["api", "s3"];
export const VIEWS = ["table", "grid"] as const;
export type View = (typeof VIEWS)[number];

/** Filters and view live in the address, so that they can be kept and shared. */
export function useHistoryParams() {
  const [params, setParams] = useSearchParams();
  const query = params.toString();
  const filters = useMemo(() => readFilters(new URLSearchParams(query)), [query]);
  const filterKey = JSON.stringify(filters);
  // The same object while the filters are the same: an opened record must not start a new list.
  const stable = useMemo(() => JSON.parse(filterKey) as Filters, [filterKey]);

  const setFilters = useCallback(
    (next: Filters) => {
      setParams(
        (before) => {
          const kept = [...before].filter(([name]) => name === "view");
          return new URLSearchParams([...kept, ...filterEntries(next)]);
        },
        { replace: true },
      );
    },
    [setParams],
  );
  return {
    filters: stable,
    setFilters,
    view: VIEWS.find((known) => known === params.get("view")) ?? "table",
    setView: (view: View) => {
      setParams(
        (before) => {
          if (view === "table") before.delete("view");
          else before.set("view", view);
          return before;
        },
        { replace: true },
      );
    },
  };
}

export function readFilters(params: URLSearchParams): Filters {
  const label = params.get("label");
  const model = params.get("model");
  const filename = params.get("filename");
  const status = STATUSES.find((known) => known === params.get("status"));
  const source = SOURCES.find((known) => known === params.get("source"));
  const origin = ORIGINS.find((known) => known === params.get("origin"));
  const feedback = VERDICTS.find((known) => known === params.get("feedback"));
  const from = readMoment(params.get("from"));
  const to = readMoment(params.get("to"));
  const min = share(params.get("min"));
  const max = share(params.get("max"));
  return {
    ...(label && { label }),
    ...(status && { status }),
    ...(source && { source }),
    ...(origin && { origin }),
    ...(feedback && { feedback }),
    ...(model && { model }),
    ...(filename && { filename }),
    ...(from && { from }),
    ...(to && { to }),
    ...(min !== null && { min }),
    ...(max !== null && { max }),
  };
}

/** The filters as parameters of the address, without those that are not set. */
export function filterEntries(
  filters: Partial<Record<keyof Filters, string | number | undefined>>,
): [string, string][] {
  return Object.entries<string | number | undefined>(filters)
    .filter(
      (entry): entry is [string, string | number] => entry[1] !== undefined && entry[1] !== "",
    )
    .map(([name, value]) => [name, String(value)]);
}

function share(text: string | null): number | null {
  const value = Number(text ?? Number.NaN);
  return value >= 0 && value <= 1 ? value : null;
}
