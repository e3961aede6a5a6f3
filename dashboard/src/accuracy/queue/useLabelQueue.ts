import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";

import { useApi } from "../../api/ApiContext";
import type { Feedback, FeedbackRequest, LogEntry } from "../../api/types";
import { useFeedbackCalls } from "../../records/feedback/useFeedback";

const BATCH = 50;

/** What was said of a record here; without feedback it is not saved yet. */
interface Said {
  request: FeedbackRequest;
  feedback: Feedback | null;
  error: Error | null;
}

export interface LabelQueueState {
  entry: LogEntry | undefined;
  /** Records left, including the one that is shown. */
  left: number;
  /** By record, in the order in which it was said. */
  said: ReadonlyMap<string, Said>;
  isPending: boolean;
  error: Error | null;
  /** Why the last label could not be taken back. */
  undoError: Error | null;
  /** Says what the record shows, and goes on to the next one at once. */
  say: (said: Pick<FeedbackRequest, "label" | "new">) => void;
  skip: () => void;
  /** Goes back to the previous record. */
  back: () => void;
  /** Takes back what was said last, and goes back to its record. */
  undo: () => void;
  /** Sends again what could not be saved. */
  retry: () => void;
  reload: () => void;
}

/**
 * The least certain records without feedback, one at a time.
 *
 * Nobody waits for the API: what is said is sent in its turn, so that no key is lost, and one that
 * could not be saved is named and can be sent again.
 */
export function useLabelQueue(): LabelQueueState {
  const api = useApi();
  const { give, withdraw } = useFeedbackCalls();
  const [position, setPosition] = useState(0);
  const [said, setSaid] = useState<ReadonlyMap<string, Said>>(new Map());
  const [undoError, setUndoError] = useState<Error | null>(null);
  const turn = useRef(Promise.resolve());
  const saved = useRef(new Map<string, number>());
  const uncertain = useQuery({
    queryKey: ["uncertain"],
    queryFn: ({ signal }) => api.uncertain(BATCH, signal),
    staleTime: Infinity, // the list must not change while it is worked through
    gcTime: 0,
  });
  const entries = uncertain.data ?? [];
  const entry = entries[position];

  const inTurn = (work: () => Promise<void>) => {
    turn.current = turn.current.then(work);
  };
  const update = (id: string, request: FeedbackRequest, result: Partial<Said>) => {
    setSaid((before) => {
      const now = before.get(id);
      // It may have been taken back or replaced meanwhile.
      return now?.request === request ? new Map(before).set(id, { ...now, ...result }) : before;
    });
  };
  const send = (id: string, request: FeedbackRequest) => {
    inTurn(async () => {
      try {
        const feedback = await give(id, request);
        saved.current.set(id, (saved.current.get(id) ?? 0) + 1);
        update(id, request, { feedback, error: null });
      } catch (cause) {
        update(id, request, { error: asError(cause) });
      }
    });
  };
  const place = (id: string, request: FeedbackRequest) => {
    setSaid((before) => {
      const next = new Map(before);
      next.delete(id); // so that it is the last one
      return next.set(id, { request, feedback: null, error: null });
    });
  };
  return {
    entry,
    left: Math.max(entries.length - position, 0),
    said,
    isPending: uncertain.isPending,
    error: uncertain.error,
    undoError,
    say: (what) => {
      if (!entry) return;
      const request: FeedbackRequest = { ...what, from_queue: true };
      place(entry.id, request);
      setPosition(position + 1);
      send(entry.id, request);
    },
    skip: () => {
      setPosition(Math.min(position + 1, entries.length));
    },
    back: () => {
      setPosition(Math.max(position - 1, 0));
    },
    undo: () => {
      const last = [...said.keys()].at(-1);
      if (last === undefined) return;
      setUndoError(null);
      setSaid(new Map([...said].filter(([id]) => id !== last)));
      const at = entries.findIndex(({ id }) => id === last);
      if (at >= 0) setPosition(at);
      inTurn(async () => {
        try {
          // All that was said of it here: it may have been corrected here too.
          for (let n = saved.current.get(last) ?? 0; n > 0; n--) {
            await withdraw(last);
            saved.current.set(last, n - 1);
          }
        } catch (cause) {
          setUndoError(asError(cause));
        }
      });
    },
    retry: () => {
      for (const [id, { request, error }] of said) {
        if (error === null) continue;
        update(id, request, { error: null });
        send(id, request);
      }
    },
    reload: () => {
      setPosition(0);
      void uncertain.refetch();
    },
  };
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
