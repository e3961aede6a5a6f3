import { type InfiniteData, skipToken, useQuery, useQueryClient } from "@tanstack/react-query";
import type { LogEntry, LogPage } from "visionflow-client";

/** Takes a deleted record out of every list that holds it. */
export function useForget(): (id: string) => void {
  const queries = useQueryClient();
  return (id) => {
    const others = (rows: LogEntry[]) => rows.filter((entry) => entry.id !== id);
    queries.setQueriesData<LogEntry[]>({ queryKey: ["logs", "newer"] }, (rows) =>
      rows ? others(rows) : rows,
    );
    queries.setQueriesData<InfiniteData<LogPage>>(
      { queryKey: ["logs", "older"] },
      (data) =>
        data && {
          ...data,
          pages: data.pages.map((page) => ({ ...page, items: others(page.items) })),
        },
    );
    // Not read anew: the queue is being worked through.
    queries.setQueryData<LogEntry[]>(["uncertain"], (rows) => (rows ? others(rows) : rows));
    queries.setQueryData(forgottenKey(id), true);
    void queries.invalidateQueries({ queryKey: ["stats"] });
  };
}

const forgottenKey = (id: string) => ["forgotten", id];

/** Whether a record was deleted here, for an answer that is shown without being in a list. */
export function useForgotten(id: string): boolean {
  const { data } = useQuery<boolean>({
    queryKey: forgottenKey(id),
    queryFn: skipToken,
    gcTime: Infinity,
  });
  return data ?? false;
}
