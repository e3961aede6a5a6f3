import {
  type InfiniteData,
  skipToken,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import type {
  Feedback,
  FeedbackRequest,
  LogEntry,
  LogPage,
  PredictionDetail,
  Undoable,
} from "visionflow-client";

import { useApi } from "../../api/ApiContext";

const saidKey = (id: string) => ["feedback", id];
const undoableKey = (id: string) => ["undoable", id];

/** Gives feedback and takes it back, and updates every list that holds the record. */
export function useFeedbackCalls() {
  const api = useApi();
  const queries = useQueryClient();
  const tell = (id: string, feedback: Feedback | null, undoable: Undoable | null) => {
    queries.setQueryData(saidKey(id), feedback);
    queries.setQueryData(undoableKey(id), undoable);
    const told = (entry: LogEntry) => (entry.id === id ? { ...entry, feedback } : entry);
    queries.setQueriesData<LogEntry[]>({ queryKey: ["logs", "newer"] }, (rows) => rows?.map(told));
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
  };
  return {
    give: async (id: string, said: FeedbackRequest): Promise<Feedback> => {
      const { feedback } = await api.feedback(id, said);
      if (feedback === null) throw new Error("the API answered a record without the feedback");
      tell(id, feedback, "own");
      return feedback;
    },
    /** The feedback that counts then. */
    withdraw: async (id: string): Promise<Feedback | null> => {
      const { feedback, undoable } = await api.withdrawFeedback(id);
      tell(id, feedback, undoable);
      return feedback;
    },
  };
}

/** Takes what a record that was read anew says: it counts more than what was said here before. */
export function useHeard(): (
  record: Pick<PredictionDetail, "id" | "feedback" | "undoable">,
) => void {
  const queries = useQueryClient();
  return ({ id, feedback, undoable }) => {
    queries.setQueryData(saidKey(id), feedback);
    queries.setQueryData(undoableKey(id), undoable);
  };
}

/**
 * Feedback on one record.
 *
 * `said`: what counts since it was given, taken back or read here, for a fresh answer that is not in
 * a list yet; `undefined` before that. `undoable`: what the caller may take back of it.
 */
export function useFeedback(id: string) {
  const { give, withdraw } = useFeedbackCalls();
  const said = useQuery<Feedback | null>({
    queryKey: saidKey(id),
    queryFn: skipToken,
    gcTime: Infinity,
  });
  const undoable = useQuery<Undoable | null>({
    queryKey: undoableKey(id),
    queryFn: skipToken,
    gcTime: Infinity,
  });
  const undo = useMutation({ mutationFn: () => withdraw(id) });
  const say = useMutation({
    mutationFn: (wanted: FeedbackRequest) => give(id, wanted),
    onMutate: () => {
      undo.reset();
    },
  });
  return { say, undo, said: said.data, undoable: undoable.data ?? null };
}
