import { useInfiniteQuery } from "@tanstack/react-query";
import type { Backfill, Page } from "visionflow-client";

import { useApi } from "../../../api/ApiContext";

const EVERY_MS = 5_000;
/** Others may start one. */
const IDLE_MS = 30_000;

export interface Backfills {
  /** Newest first. */
  rows: Backfill[];
  isPending: boolean;
  error: Error | null;
  hasOlder: boolean;
  loadOlder: () => void;
  reload: () => void;
}

export function isAtWork({ state }: Pick<Backfill, "state">): boolean {
  return state === "listing" || state === "running";
}

export function useBackfills(): Backfills {
  const api = useApi();
  const found = useInfiniteQuery({
    queryKey: ["backfills"],
    queryFn: ({ pageParam, signal }) => api.backfills(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page: Page<Backfill>) => page.next_cursor,
    refetchInterval: ({ state: { status, data } }) => {
      if (status === "error") return false;
      const works = data?.pages.some(({ items }) => items.some(isAtWork));
      return works ? EVERY_MS : IDLE_MS;
    },
  });
  return {
    rows: found.data?.pages.flatMap(({ items }) => items) ?? [],
    isPending: found.isPending,
    error: found.data ? null : found.error,
    hasOlder: found.hasNextPage,
    loadOlder: () => void found.fetchNextPage(),
    reload: () => void found.refetch(),
  };
}
