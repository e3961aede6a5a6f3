import { type FactTable, type Part, PARTS, type Source, SOURCES } from "./table";

export const VIEWS = [
  "all",
  "unlabelled",
  "suspected",
  "duplicate",
  "divided",
  "outlier",
  "pending",
  "unreadable",
  "removed",
] as const;
export type View = (typeof VIEWS)[number];

export interface Filter {
  view: View;
  label: string | null;
  /** "auto": those whose part versions choose. */
  part: Part | "auto" | null;
  source: Source | null;
}

export const PART_CHOICES = [...PARTS, "auto"] as const;

/** From the page's address. */
export function readFilter(params: URLSearchParams): Filter {
  return {
    view: VIEWS.find((view) => view === params.get("view")) ?? "all",
    label: params.get("label"),
    part: PART_CHOICES.find((part) => part === params.get("part")) ?? null,
    source: SOURCES.find((source) => source === params.get("source")) ?? null,
  };
}

/**
 * The rows that `filter` lets through. Duplicates stand group by group, and what has a suggestion
 * stands suggestion by suggestion, so that many can be confirmed at once.
 */
export function matching(table: FactTable, filter: Filter): Uint32Array {
  const rows = new Uint32Array(table.size);
  const label = filter.label === null ? null : table.numberOf(filter.label);
  const sizes = filter.view === "duplicate" ? table.groupSizes() : null;
  const divided = filter.view === "divided" ? table.dividedGroups() : null;
  let count = 0;
  for (let row = 0; row < table.size; row += 1) {
    if (label !== null && table.labelNumber(row) !== label) continue;
    if (filter.part !== null && (table.part(row) ?? "auto") !== filter.part) continue;
    if (filter.source !== null && table.source(row) !== filter.source) continue;
    if (table.removed(row) !== (filter.view === "removed")) continue;
    if (divided !== null && !divided.has(table.groupNumber(row))) continue;
    if (!shows(table, row, filter.view, sizes)) continue;
    rows[count] = row;
    count += 1;
  }
  const found = rows.subarray(0, count);
  if (filter.view === "duplicate" || filter.view === "divided") {
    return found.sort((a, b) => table.groupNumber(a) - table.groupNumber(b) || a - b);
  }
  if (filter.view === "unlabelled" || filter.view === "suspected") {
    return found.sort((a, b) => table.suggestionNumber(b) - table.suggestionNumber(a) || a - b);
  }
  return found;
}

function shows(table: FactTable, row: number, view: View, sizes: Uint32Array | null): boolean {
  switch (view) {
    case "all":
    case "divided":
    case "removed":
      return true;
    case "unlabelled":
      return table.labelNumber(row) === 0 && table.state(row) !== "unreadable";
    case "suspected":
      return table.labelNumber(row) !== 0 && table.suggestionNumber(row) !== 0;
    case "duplicate":
      return (sizes?.[table.groupNumber(row)] ?? 0) > 1;
    case "outlier":
      return table.outlier(row);
    case "pending":
    case "unreadable":
      return table.state(row) === view;
  }
}

export interface Counts {
  images: number;
  labelled: number;
  unlabelled: number;
  pending: number;
  unreadable: number;
  suspected: number;
  outliers: number;
  removed: number;
  /** Images beyond the first of each group. */
  duplicates: number;
  /** Groups whose images lie in several parts. */
  divided: number;
  /** Labelled images that can be read, by class. */
  byClass: ReadonlyMap<string, number>;
}

export function countFacts(table: FactTable): Counts {
  const byClass = new Map<string, number>();
  const counts = {
    images: 0,
    labelled: 0,
    unlabelled: 0,
    pending: 0,
    unreadable: 0,
    suspected: 0,
    outliers: 0,
    removed: 0,
    duplicates: 0,
  };
  for (let row = 0; row < table.size; row += 1) {
    if (table.removed(row)) {
      counts.removed += 1;
      continue;
    }
    counts.images += 1;
    const state = table.state(row);
    if (state === "pending") counts.pending += 1;
    if (table.outlier(row)) counts.outliers += 1;
    if (state === "unreadable") {
      counts.unreadable += 1;
      continue;
    }
    const label = table.label(row);
    if (label === null) {
      counts.unlabelled += 1;
      continue;
    }
    counts.labelled += 1;
    byClass.set(label, (byClass.get(label) ?? 0) + 1);
    if (table.suggestionNumber(row) !== 0) counts.suspected += 1;
  }
  for (const size of table.groupSizes()) counts.duplicates += Math.max(size - 1, 0);
  return { ...counts, divided: table.dividedGroups().size, byClass };
}
