import { atLevel, type LabelTree } from "../../registry/labelTree";

/** With more entries a legend says nothing. */
const MOST_GROUPS = 30;

/** Points of one colour. */
export interface MapGroup {
  /** A label or a parent; `null` for all labels together. */
  name: string | null;
  labels: ReadonlySet<number>;
}

/**
 * The groups of the labels `shown`: each label, or the parents of the lowest level that has few
 * enough of them, or all labels in one.
 */
export function mapGroups(tree: LabelTree, shown: readonly number[]): MapGroup[] {
  for (let level = tree.levels - 1; level >= 0; level--) {
    const groups = new Map<string, Set<number>>();
    for (const index of shown) {
      const label = tree.labels[index] ?? "";
      const name = atLevel(tree.above(label), label, level);
      groups.set(name, (groups.get(name) ?? new Set()).add(index));
    }
    if (groups.size <= MOST_GROUPS) return [...groups].map(([name, labels]) => ({ name, labels }));
  }
  return [{ name: null, labels: new Set(shown) }];
}
