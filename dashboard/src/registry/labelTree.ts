import type { TreeNode } from "visionflow-client";

/** Labels with parents: a forest whose leaves are a model's classes, in the order of its logits. */
export class LabelTree {
  readonly #above: ReadonlyMap<string, readonly string[]>;
  readonly #below: ReadonlyMap<string | null, readonly string[]>;
  readonly #leaves: ReadonlyMap<string | null, readonly number[]>;
  readonly labels: readonly string[];
  readonly parents: readonly string[];

  constructor(
    labels: readonly string[],
    nodes: readonly TreeNode[] = labels.map((name) => ({ name, parent: null })),
  ) {
    const parentOf = new Map(nodes.map(({ name, parent }) => [name, parent]));
    this.labels = labels;
    this.#above = new Map(nodes.map(({ name }) => [name, pathTo(name, parentOf)]));
    this.#below = grouped(nodes.map(({ name, parent }) => [parent, name]));
    this.#leaves = grouped(
      labels.flatMap((label, index) =>
        [null, ...this.above(label), label].map((name): [string | null, number] => [name, index]),
      ),
    );
    const classes = new Set(labels);
    this.parents = nodes.flatMap(({ name }) => (classes.has(name) ? [] : [name]));
  }

  /** Whether there is more than one level. */
  get isDeep(): boolean {
    return this.parents.length > 0;
  }

  /** The number of levels: 1 without parents. */
  get levels(): number {
    return Math.max(...this.labels.map((label) => this.above(label).length), 0) + 1;
  }

  has(name: string): boolean {
    return this.#above.has(name);
  }

  /** The parents of a label or a parent, from the top down; none of an unknown name. */
  above(name: string): readonly string[] {
    return this.#above.get(name) ?? [];
  }

  /** What is directly below a parent, or at the top for `null`. */
  below(name: string | null): readonly string[] {
    return this.#below.get(name) ?? [];
  }

  /** The indices of the labels that a label or a parent covers; of all for `null`. */
  leaves(name: string | null): readonly number[] {
    return this.#leaves.get(name) ?? [];
  }

  /** Whether `label` is `name`, or below it. */
  covers(name: string, label: string): boolean {
    return name === label || this.above(label).includes(name);
  }
}

function grouped<Value>(
  pairs: readonly (readonly [string | null, Value])[],
): Map<string | null, Value[]> {
  const groups = new Map<string | null, Value[]>();
  for (const [key, value] of pairs) {
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}

function pathTo(name: string, parentOf: ReadonlyMap<string, string | null>): string[] {
  const path: string[] = [];
  let parent = parentOf.get(name) ?? null;
  while (parent !== null) {
    path.unshift(parent);
    parent = parentOf.get(parent) ?? null;
  }
  return path;
}

/** What `label` is at a level, 0 being the top; `label` itself where it is not so deep. */
export function atLevel(above: readonly string[], label: string, level: number): string {
  return above[level] ?? label;
}
