import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import type { Client, FeedbackRequest, LogEntry } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { useFeedbackCalls } from "../../records/feedback/useFeedback";
import { LabelStore, type Said } from "./labelStore";

const BATCH = 50;
const LIST = ["uncertain"];

export interface LabelQueueState {
  entry: LogEntry | undefined;
  /** Records left, including the one that is shown. */
  left: number;
  /** By record, in the order in which it was said. */
  said: ReadonlyMap<string, Said>;
  isPending: boolean;
  error: Error | null;
  /** Says what the record shows, and goes on to the next one at once. */
  say: (said: Pick<FeedbackRequest, "label" | "new">) => void;
  skip: () => void;
  /** Goes back to the previous record. */
  back: () => void;
  /** Takes back what was said last, and goes back to its record. */
  undo: () => void;
  /** Tries again what could not be saved or taken back. */
  retry: () => void;
  reload: () => void;
}

/** The queue stays as it was left while another page is open. */
const stores = new WeakMap<Client, LabelStore>();

function useStore(api: Client): LabelStore {
  const calls = useFeedbackCalls();
  const known = stores.get(api);
  if (known) return known;
  const made = new LabelStore(calls);
  stores.set(api, made);
  return made;
}

/**
 * The least certain records without feedback, one at a time.
 *
 * Nobody waits for the API: what is said is sent in its turn, so that no key is lost, and one that
 * could not be saved is named and can be sent again.
 */
export function useLabelQueue(): LabelQueueState {
  const api = useApi();
  const queries = useQueryClient();
  const store = useStore(api);
  const { position, said } = useSyncExternalStore(store.subscribe, store.state);
  const uncertain = useQuery({
    queryKey: LIST,
    queryFn: async ({ signal }) => {
      const list = await api.uncertain(BATCH, signal);
      store.goTo(0);
      return list;
    },
    // The list must not change while it is worked through.
    staleTime: Infinity,
    gcTime: Infinity,
    refetchOnMount: ({ state }) => (position < (state.data?.length ?? 0) ? true : "always"),
  });
  const entries = uncertain.data ?? [];
  const entry = entries[position];
  return {
    entry,
    left: Math.max(entries.length - position, 0),
    said,
    isPending: uncertain.isPending,
    error: uncertain.error,
    say: (what) => {
      if (!entry) return;
      store.goTo(position + 1);
      store.say(entry.id, { ...what, from_queue: true });
    },
    skip: () => {
      store.goTo(Math.min(position + 1, entries.length));
    },
    back: () => {
      store.goTo(Math.max(position - 1, 0));
    },
    undo: () => {
      const last = store.undo();
      const at = entries.findIndex(({ id }) => id === last);
      if (at >= 0) store.goTo(at);
    },
    retry: () => {
      store.retry();
    },
    reload: () => void queries.resetQueries({ queryKey: LIST, exact: true }),
  };
}
