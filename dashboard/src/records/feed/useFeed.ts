import {
  type InfiniteData,
  type QueryClient,
  type QueryKey,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { Client, LogEntry, LogPage } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { type Filters, join, merge, readNewer, readPage } from "./feed";

/** A new record shows within this and the time of one request. */
export const POLL_MS = 1_500;
/** Requests are counted, so a page that was left open asks less often once nothing arrives. */
const QUIET_AFTER_MS = 120_000;
const QUIET_POLL_MS = 10_000;
/** Beyond this many arrivals a page that was left open starts over instead of growing for ever. */
const MAX_NEWER = 2_000;

export interface Feed {
  rows: LogEntry[];
  isLoading: boolean;
  /** Why the feed is not live; it keeps trying. */
  error: Error | null;
  /** When the API last answered, epoch ms; 0 before the first answer. */
  updatedAt: number;
  hasOlder: boolean;
  isLoadingOlder: boolean;
  olderError: Error | null;
  /** The last pages had no match: the user decides whether to go on. */
  isSparse: boolean;
  loadOlder: () => void;
}

/**
 * Records newest first, live at the top and paged at the bottom.
 *
 * Two caches with one writer each: `older` pages down from the moment the list was opened, `newer`
 * collects what arrived since. Neither can overwrite the other, and merging them by id keeps every
 * row once, so paging and polling need no coordination.
 */
export function useFeed(filters: Filters): Feed {
  const api = useApi();
  const queryClient = useQueryClient();
  const { olderKey, newerKey } = keys(filters);
  const [openedAt] = useState(() => Date.now());

  const older = useInfiniteQuery({
    queryKey: olderKey,
    queryFn: ({ pageParam, signal }) => readPage(api, filters, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page: LogPage) => page.next_cursor,
    staleTime: Infinity,
    structuralSharing: false, // pages never change, and there may be thousands
    refetchInterval: ({ state }) => (state.data === undefined ? POLL_MS : false),
  });
  const newer = useQuery({
    queryKey: newerKey,
    queryFn: ({ signal }) => catchUp(api, queryClient, filters, signal),
    enabled: older.data !== undefined && !isPast(filters),
    refetchInterval: ({ state }) => pollEvery(state.data?.[0], openedAt),
  });

  const pages = older.data?.pages;
  const known = useMemo(() => pages?.flatMap((page) => page.items) ?? [], [pages]);
  const rows = useMemo(() => join(newer.data ?? [], known), [newer.data, known]);
  return {
    rows,
    isLoading: older.data === undefined,
    error: older.data === undefined ? older.error : newer.error,
    updatedAt: Math.max(older.dataUpdatedAt, newer.dataUpdatedAt),
    hasOlder: older.hasNextPage,
    isLoadingOlder: older.isFetchingNextPage,
    olderError: older.isFetchNextPageError ? older.error : null,
    isSparse: pages?.at(-1)?.items.length === 0,
    loadOlder: () => void older.fetchNextPage(),
  };
}

function pollEvery(newest: LogEntry | undefined, openedAt: number): number {
  const lastSign = Math.max(openedAt, newest ? Date.parse(newest.created_at) : 0);
  return Date.now() - lastSign < QUIET_AFTER_MS ? POLL_MS : QUIET_POLL_MS;
}

/** Nothing new can come before a time that has passed. */
function isPast({ to }: Filters): boolean {
  return to !== undefined && Date.parse(to) < Date.now();
}

function keys(filters: Filters): { olderKey: QueryKey; newerKey: QueryKey } {
  return { olderKey: ["logs", "older", filters], newerKey: ["logs", "newer", filters] };
}

/** One poll: everything that arrived since the list was opened. */
async function catchUp(
  api: Client,
  queryClient: QueryClient,
  filters: Filters,
  signal: AbortSignal,
): Promise<LogEntry[]> {
  const { olderKey, newerKey } = keys(filters);
  const known = queryClient.getQueryData<LogEntry[]>(newerKey) ?? [];
  const opened = queryClient.getQueryData<InfiniteData<LogPage>>(olderKey)?.pages[0]?.items[0];
  const arrived = await readNewer(api, filters, known[0] ?? opened, signal);
  if (arrived !== null && known.length + arrived.length <= MAX_NEWER) return merge(arrived, known);

  const page = await readPage(api, filters, null, signal);
  await queryClient.cancelQueries({ queryKey: olderKey });
  queryClient.setQueryData<InfiniteData<LogPage, string | null>>(olderKey, {
    pages: [page],
    pageParams: [null],
  });
  return [];
}
