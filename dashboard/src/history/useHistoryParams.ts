import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";

import type { PredictionStatus } from "../api/types";
import type { Filters } from "./feed";

export const STATUSES: readonly PredictionStatus[] = ["ok", "unknown", "failed"];

/** Filters and the open record live in the address, so that a view can be kept and shared. */
export function useHistoryParams() {
  const [params, setParams] = useSearchParams();
  const label = params.get("label") ?? "";
  const status = STATUSES.find((known) => known === params.get("status"));

  const filters = useMemo<Filters>(
    () => ({ ...(label && { label }), ...(status && { status }) }),
    [label, status],
  );
  const setFilters = useCallback(
    ({ label, status }: Filters) => {
      setParams({ ...(label && { label }), ...(status && { status }) }, { replace: true });
    },
    [setParams],
  );
  const openRecord = useCallback(
    (id: string) => {
      setParams((before) => new URLSearchParams([...before, ["record", id]]));
    },
    [setParams],
  );
  const closeRecord = useCallback(() => {
    setParams((before) => new URLSearchParams([...before].filter(([name]) => name !== "record")), {
      replace: true,
    });
  }, [setParams]);

  return { filters, setFilters, recordId: params.get("record"), openRecord, closeRecord };
}
