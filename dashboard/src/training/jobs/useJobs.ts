import { useInfiniteQuery } from "@tanstack/react-query";
import type { Job, Page } from "visionflow-client";

import { useApi } from "../../api/ApiContext";

const EVERY_MS = 5_000;

export interface Jobs {
  /** Newest first. */
  rows: Job[];
  isPending: boolean;
  error: Error | null;
  hasOlder: boolean;
  loadOlder: () => void;
  reload: () => void;
}

export function useJobs(): Jobs {
  const api = useApi();
  const jobs = useInfiniteQuery({
    queryKey: ["jobs"],
    queryFn: ({ pageParam, signal }) => api.jobs(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page: Page<Job>) => page.next_cursor,
    refetchInterval: ({ state }) => (state.status === "error" ? false : EVERY_MS),
  });
  return {
    rows: jobs.data?.pages.flatMap(({ items }) => items) ?? [],
    isPending: jobs.isPending,
    error: jobs.data ? null : jobs.error,
    hasOlder: jobs.hasNextPage,
    loadOlder: () => void jobs.fetchNextPage(),
    reload: () => void jobs.refetch(),
  };
}
