import { useEffect, useMemo, useState, useSyncExternalStore } from "react";

import { useApi } from "../api/ApiContext";
import { classify } from "./classify";
import { type Item, PredictQueue } from "./queue";

export interface Predictions {
  items: readonly Item[];
  /** The one that is shown large. */
  selected: Item | undefined;
  add: (files: readonly File[]) => void;
  select: (id: string) => void;
  retry: (id: string) => void;
  clear: () => void;
}

export function usePredictQueue(): Predictions {
  const api = useApi();
  const queue = useMemo(
    () =>
      new PredictQueue(({ file, id }, onSent, signal) => classify(api, file, id, onSent, signal)),
    [api],
  );
  const items = useSyncExternalStore(queue.subscribe, queue.items);
  const [selectedId, select] = useState<string | null>(null);
  useEffect(
    () => () => {
      queue.clear();
    },
    [queue],
  );
  return {
    items,
    selected: items.find(({ id }) => id === selectedId) ?? items.at(-1),
    add: (files) => {
      const first = queue.add(files);
      if (first) select(first.id);
    },
    select,
    retry: (id) => {
      queue.retry(id);
    },
    clear: () => {
      queue.clear();
    },
  };
}
