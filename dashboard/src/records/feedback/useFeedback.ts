import {
  type InfiniteData,
  skipToken,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";

import { useApi } from "../../api/ApiContext";
import type { Feedback, LogEntry, LogPage } from "../../api/types";

/**
 * Sends feedback on one record, and updates every list that holds the record.
 *
 * `said`: the feedback given here, for a fresh answer that is not in a list yet.
 */
export function useFeedback(id: string) {
  const api = useApi();
  const queries = useQueryClient();
  const saidKey = ["feedback", id];
  const said = useQuery<Feedback>({ queryKey: saidKey, queryFn: skipToken, gcTime: Infinity });
  const say = useMutation({
    mutationFn: async (label: string): Promise<Feedback> => {
      const { feedback } = await api.feedback(id, label);
      if (feedback === null) throw new Error("the API answered a record without the feedback");
      return feedback;
    },
    onSuccess: (feedback) => {
      queries.setQueryData(saidKey, feedback);
      const told = (entry: LogEntry) => (entry.id === id ? { ...entry, feedback } : entry);
      queries.setQueriesData<LogEntry[]>({ queryKey: ["logs", "newer"] }, (rows) =>
        rows?.map(told),
      );
      queries.setQueriesData<InfiniteData<LogPage>>(
        { queryKey: ["logs", "older"] },
        (data) =>
          data && {
            ...data,
            pages: data.pages.map((page) =>
              page.items.some((entry) => entry.id === id)
                ? { ...page, items: page.items.map(told) }
                : page,
            ),
          },
      );
      queries.setQueriesData<LogEntry>(
        { queryKey: ["prediction", id] },
        (record) => record && { ...record, feedback },
      );
      void queries.invalidateQueries({ queryKey: ["stats"] });
    },
  });
  return { say, said: said.data ?? null };
}
