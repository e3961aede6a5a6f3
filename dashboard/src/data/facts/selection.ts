/** What is selected in a list of rows. `cursor` and `anchor` are places in the list. */
export interface Selection {
  /** The row that keys act on while nothing is selected. */
  cursor: number;
  /** Where a range starts. */
  anchor: number;
  rows: ReadonlySet<number>;
}

export const NOTHING: Selection = { cursor: 0, anchor: 0, rows: new Set() };

/** Moves the cursor, as an arrow does; with `extend` everything on the way is selected. */
export function moved(
  list: Uint32Array,
  { anchor, rows }: Selection,
  to: number,
  extend: boolean,
): Selection {
  const cursor = Math.max(Math.min(to, list.length - 1), 0);
  if (!extend) return { cursor, anchor: cursor, rows };
  return { cursor, anchor, rows: range(list, anchor, cursor) };
}

/** Selects one more or one less, as a click with Ctrl or the space bar does. */
export function toggled(list: Uint32Array, { rows }: Selection, at: number): Selection {
  const next = new Set(rows);
  const row = list[at];
  if (row !== undefined && !next.delete(row)) next.add(row);
  return { cursor: at, anchor: at, rows: next };
}

export function everything(list: Uint32Array, { cursor }: Selection): Selection {
  return { cursor, anchor: 0, rows: new Set(list) };
}

/** After the list has changed: what it no longer shows is not selected either. */
export function kept(list: Uint32Array, { cursor, anchor, rows }: Selection): Selection {
  const at = Math.max(Math.min(cursor, list.length - 1), 0);
  if (rows.size === 0) return { cursor: at, anchor: Math.min(anchor, at), rows };
  const shown = new Set(list);
  return {
    cursor: at,
    anchor: Math.min(anchor, list.length),
    rows: new Set([...rows].filter((row) => shown.has(row))),
  };
}

/** The rows that an action concerns: the selected ones, else the one at the cursor. */
export function chosenRows(list: Uint32Array, { cursor, rows }: Selection): number[] {
  if (rows.size > 0) return [...rows];
  const row = list[cursor];
  return row === undefined ? [] : [row];
}

function range(list: Uint32Array, from: number, to: number): ReadonlySet<number> {
  return new Set(list.subarray(Math.min(from, to), Math.max(from, to) + 1));
}
