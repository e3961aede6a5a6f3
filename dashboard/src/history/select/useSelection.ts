import { useCallback, useLayoutEffect, useRef, useState } from "react";
import type { LogEntry } from "visionflow-client";

/** What is done with the selected records is one request for each. */
export const MOST_SELECTED = 200;

export interface Selection {
  ids: ReadonlySet<string>;
  /** Whether something was selected since the list was opened: what became of it is shown. */
  isUsed: boolean;
  /** The selected records, in the order of the list. */
  rows: readonly LogEntry[];
  /** One more or one less; `extend`: all from the one before to this one. */
  toggle: (id: string, extend: boolean) => void;
  /** All that are loaded, as far as there is room. */
  all: () => void;
  /** These alone. */
  set: (ids: Iterable<string>) => void;
  /** Without these, whatever was selected since; nothing where another list is shown by now. */
  drop: (ids: Iterable<string>) => void;
}

interface Marked {
  /** The list it is a selection of. */
  list: string;
  ids: ReadonlySet<string>;
  anchor: string | null;
  isUsed: boolean;
}

/** Records selected in a list; another list starts with none. */
export function useSelection(shown: readonly LogEntry[], list: string): Selection {
  const [marked, setMarked] = useState<Marked>({ list, ids: NONE, anchor: null, isUsed: false });
  const current = useRef({ shown, list });
  useLayoutEffect(() => {
    current.current = { shown, list };
  });

  const toggle = useCallback((id: string, extend: boolean) => {
    const { shown: rows, list: key } = current.current;
    setMarked((before) => {
      const known = before.list === key ? before : { ids: new Set<string>(), anchor: null };
      const range = extend && known.anchor !== null ? between(rows, known.anchor, id) : null;
      if (range)
        return { list: key, ids: room([...known.ids, ...range]), anchor: id, isUsed: true };
      const ids = new Set(known.ids);
      if (!ids.delete(id)) ids.add(id);
      return { list: key, ids: room(ids), anchor: id, isUsed: true };
    });
  }, []);

  const ids = marked.list === list ? marked.ids : NONE;
  const set = (next: Iterable<string>) => {
    setMarked({ list, ids: room(next), anchor: null, isUsed: true });
  };
  return {
    ids,
    isUsed: marked.list === list && marked.isUsed,
    rows: ids.size === 0 ? [] : shown.filter((row) => ids.has(row.id)),
    toggle,
    all: () => {
      set(shown.map((row) => row.id));
    },
    set,
    drop: (some) => {
      const gone = new Set(some);
      setMarked((before) =>
        before.list === list
          ? { ...before, ids: new Set([...before.ids].filter((id) => !gone.has(id))) }
          : before,
      );
    },
  };
}

const NONE: ReadonlySet<string> = new Set();

function room(ids: Iterable<string>): ReadonlySet<string> {
  return new Set([...new Set(ids)].slice(0, MOST_SELECTED));
}

/** The ids from one row to another, `null` where one of them is not shown any more. */
function between(rows: readonly LogEntry[], from: string, to: string): string[] | null {
  const ends = [from, to].map((id) => rows.findIndex((row) => row.id === id));
  const [first = -1, last = -1] = ends.sort((a, b) => a - b);
  return first < 0 ? null : rows.slice(first, last + 1).map((row) => row.id);
}
