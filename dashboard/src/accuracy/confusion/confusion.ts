import type { Confusion, Evaluation } from "visionflow-client";

import type { LabelTree } from "../../registry/labelTree";

/** With more rows nothing can be read. */
export const MOST_ROWS = 60;
/** Classes beside the one that is looked at. */
const MOST_NEIGHBOURS = 15;
/** Of more classes than fit, those of the largest confusions. */
const WORST_ROWS = 24;

/** The filled cells of a matrix. */
export function cellsOf(confusion: Evaluation["confusion"]): Confusion {
  if (!Array.isArray(confusion)) return confusion;
  const filled = confusion.flatMap((row, truth) =>
    row.flatMap((images, answer) => (images > 0 ? [{ truth, answer, images }] : [])),
  );
  return {
    truth: filled.map(({ truth }) => truth),
    answer: filled.map(({ answer }) => answer),
    images: filled.map(({ images }) => images),
  };
}

/** Images of `truth` that were answered `answer`. `rate`: of all images of `truth`. */
export interface Confused {
  truth: string;
  answer: string;
  images: number;
  rate: number;
}

/** The confusions of labels below `truth` with labels below `answer`, the largest first. */
export function confusions(
  cells: Confusion,
  tree: LabelTree,
  truth: string | null = null,
  answer: string | null = null,
): Confused[] {
  const totals = new Map<number, number>();
  cells.truth.forEach((label, cell) => {
    totals.set(label, (totals.get(label) ?? 0) + (cells.images[cell] ?? 0));
  });
  const [truths, answers] = [new Set(tree.leaves(truth)), new Set(tree.leaves(answer))];
  return cells.truth
    .flatMap((from, cell) => {
      const [to = -1, images = 0] = [cells.answer[cell], cells.images[cell]];
      if (from === to || !truths.has(from) || !answers.has(to)) return [];
      const rate = images / (totals.get(from) ?? images);
      return [{ truth: tree.labels[from] ?? "", answer: tree.labels[to] ?? "", images, rate }];
    })
    .sort((a, b) => b.images - a.images || b.rate - a.rate);
}

/** A square part of the matrix, its classes put together by what covers them. */
export interface Matrix {
  /** Labels or parents, in the order of rows and columns. */
  names: readonly string[];
  /** Rows: truth; columns: answer. */
  counts: readonly (readonly number[])[];
  /** Of each row: answers that no column covers. */
  elsewhere: readonly number[];
  /** Rows that were left out, those with the fewest confusions. */
  left: number;
}

/**
 * The part of the matrix at `focus`: what is directly below a parent, or below everything for
 * `null`; for a label it and those that it is confused with.
 */
export function matrixAt(cells: Confusion, tree: LabelTree, focus: string | null): Matrix {
  const all = rowsAt(cells, tree, focus);
  const names = all.length <= MOST_ROWS ? all : mostConfused(cells, tree, all);
  const placeOf = places(tree, names);
  const counts = names.map(() => names.map(() => 0));
  const elsewhere = names.map(() => 0);
  cells.truth.forEach((leaf, cell) => {
    const row = placeOf.get(leaf);
    if (row === undefined) return;
    const column = placeOf.get(cells.answer[cell] ?? -1);
    const line = column === undefined ? elsewhere : counts[row];
    const place = column ?? row;
    if (line) line[place] = (line[place] ?? 0) + (cells.images[cell] ?? 0);
  });
  return { names, counts, elsewhere, left: all.length - names.length };
}

function rowsAt(cells: Confusion, tree: LabelTree, focus: string | null): readonly string[] {
  const below = tree.below(focus);
  const [only] = below;
  // A level with one name only has nothing to show.
  if (only !== undefined && below.length === 1) {
    return tree.below(only).length > 0 ? rowsAt(cells, tree, only) : below;
  }
  return focus === null || below.length > 0 ? below : [focus, ...neighbours(cells, tree, focus)];
}

/** The labels that `label` is confused with, in either direction, the most first. */
function neighbours(cells: Confusion, tree: LabelTree, label: string): string[] {
  const images = new Map<string, number>();
  for (const pair of [...confusions(cells, tree, label), ...confusions(cells, tree, null, label)]) {
    const other = pair.truth === label ? pair.answer : pair.truth;
    images.set(other, (images.get(other) ?? 0) + pair.images);
  }
  return [...images]
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_NEIGHBOURS)
    .map(([name]) => name);
}

/** By the index of a label, which of `names` covers it. */
function places(tree: LabelTree, names: readonly string[]): ReadonlyMap<number, number> {
  return new Map(
    names.flatMap((name, place) =>
      tree.leaves(name).map((leaf): [number, number] => [leaf, place]),
    ),
  );
}

/** Those of `names` with the largest confusions, in their order. */
function mostConfused(cells: Confusion, tree: LabelTree, names: readonly string[]): string[] {
  const placeOf = places(tree, names);
  const images = new Map<string, { pair: readonly [number, number]; images: number }>();
  cells.truth.forEach((leaf, cell) => {
    const pair = [placeOf.get(leaf) ?? -1, placeOf.get(cells.answer[cell] ?? -1) ?? -1] as const;
    if (pair.includes(-1) || pair[0] === pair[1]) return;
    const before = images.get(pair.join())?.images ?? 0;
    images.set(pair.join(), { pair, images: before + (cells.images[cell] ?? 0) });
  });
  const kept = new Set<number>();
  for (const { pair } of [...images.values()].sort((a, b) => b.images - a.images)) {
    if (new Set([...kept, ...pair]).size > WORST_ROWS) break;
    for (const place of pair) kept.add(place);
  }
  // Without confusions the first rows are as good as others.
  return names.filter((_, place) => (kept.size > 0 ? kept.has(place) : place < WORST_ROWS));
}
