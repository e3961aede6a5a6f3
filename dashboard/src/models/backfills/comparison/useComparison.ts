import { useQuery } from "@tanstack/react-query";

import { useApi } from "../../../api/ApiContext";

/** The addresses of the thumbnails live for 15 minutes. */
const FRESH_MS = 10 * 60_000;

/** The comparison of a backfill, which stays as it is; `renew` asks for addresses that open. */
export function useComparison(id: string) {
  const api = useApi();
  const found = useQuery({
    queryKey: ["comparison", id],
    queryFn: ({ signal }) => api.backfillComparison(id, signal),
    staleTime: FRESH_MS,
  });
  return {
    comparison: found.data,
    error: found.data ? null : found.error,
    reload: () => void found.refetch(),
    renew: () => {
      if (Date.now() - found.dataUpdatedAt > FRESH_MS && !found.isFetching) void found.refetch();
    },
  };
}
