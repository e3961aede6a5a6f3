import { type InfiniteData, useQueryClient } from "@tanstack/react-query";

import type { LogEntry, LogPage } from "../../api/types";

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
    for (const key of ["stats", "uncertain"]) {
      void queries.invalidateQueries({ queryKey: [key] });
    }
  };
}
