import { useState, useSyncExternalStore } from "react";
import type { Client } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { classify } from "./classify";
import { type Item, type Pause, PredictQueue } from "./queue";

export interface Predictions {
  items: readonly Item[];
  /** Why images wait; `null` while they are classified. */
  pause: Pause | null;
  /** The item that is shown large. */
  selected: Item | undefined;
  add: (files: readonly File[]) => void;
  select: (id: string) => void;
  retry: (id: string) => void;
  resume: () => void;
  clear: () => void;
}

/** The queue keeps running while another page is open. */
const queues = new WeakMap<Client, PredictQueue>();

function queueOf(api: Client): PredictQueue {
  const known = queues.get(api);
  if (known) return known;
  const made = new PredictQueue((item, onSent, signal) => classify(api, item, onSent, signal));
  queues.set(api, made);
  return made;
}

/** `coverage`: of the set of labels to answer for what is added or sent again from now on. */
export function usePredictQueue(coverage: number | null): Predictions {
  const queue = queueOf(useApi());
  const items = useSyncExternalStore(queue.subscribe, queue.items);
  const pause = useSyncExternalStore(queue.subscribe, queue.pause);
  const [selectedId, select] = useState<string | null>(null);
  return {
    items,
    pause,
    selected: items.find(({ id }) => id === selectedId) ?? items.at(-1),
    add: (files) => {
      const first = queue.add(files, coverage);
      if (first) select(first.id);
    },
    select,
    retry: (id) => {
      queue.retry(id, coverage);
    },
    resume: () => {
      queue.resume();
    },
    clear: () => {
      queue.clear();
    },
  };
}
