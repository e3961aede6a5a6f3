import type { LabelTree } from "../../registry/labelTree";

/** With more entries a legend says nothing. */
const MOST_GROUPS = 30;

/** Points of one colour. */
export interface MapGroup {
  /** A label or a parent; `null` for all labels together. */
  name: string | null;
  labels: ReadonlySet<number>;
}

/** The groups of the labels `shown`: each label; of many their parents, as deep as few suffice. */
export function mapGroups(tree: LabelTree, shown: readonly number[]): MapGroup[] {
  const wanted = new Set(shown);
  const labelsOf = (name: string) => tree.leaves(name).filter((index) => wanted.has(index));
  const names = few(tree, (name) => labelsOf(name).length);
  if (names === null) return [{ name: null, labels: wanted }];
  return names.map((name) => ({ name, labels: new Set(labelsOf(name)) }));
}

/**
 * What covers all labels, the largest parents taken apart while there is room; `null` where even
 * the top has too many names. Parents of one size are taken apart together or not at all.
 */
function few(tree: LabelTree, size: (name: string) => number): string[] | null {
  const below = (name: string | null) => tree.below(name).filter((child) => size(child) > 0);
  let names = below(null);
  if (names.length > MOST_GROUPS) return null;
  const whole = new Set<string>();
  for (;;) {
    const open = names.filter((name) => !whole.has(name) && below(name).length > 0);
    const largest = Math.max(...open.map(size));
    const next = open.filter((name) => size(name) === largest);
    if (next.length === 0) return names;
    const apart = names.flatMap((name) => (next.includes(name) ? below(name) : [name]));
    if (apart.length <= MOST_GROUPS) names = apart;
    else for (const name of next) whole.add(name);
  }
}
