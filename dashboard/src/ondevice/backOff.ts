/** The port of `visionflow.answers.back_off`: the most specific name that is certain enough. */

export interface Node {
  name: string;
  parent: string | null;
}

export interface Named {
  label: string;
  confidence: number;
}

export class BackOff {
  readonly #labels: readonly Node[];
  readonly #above: Map<string, string[]>;
  /** Per depth from the bottom up: parents with the indices of their labels. */
  readonly #levels: { name: string; leaves: number[] }[][];

  constructor(labels: readonly Node[], parents: readonly Node[]) {
    this.#labels = labels;
    const direct = new Map([...labels, ...parents].map(({ name, parent }) => [name, parent]));
    this.#above = new Map([...direct.keys()].map((name) => [name, ancestors(name, direct)]));
    const leaves = new Map(parents.map(({ name }) => [name, [] as number[]]));
    labels.forEach(({ name }, i) => {
      for (const parent of this.parents(name)) leaves.get(parent)?.push(i);
    });
    const levels = new Map<number, { name: string; leaves: number[] }[]>();
    for (const { name } of parents) {
      const below = leaves.get(name) ?? [];
      // A parent of all labels says nothing.
      if (below.length === labels.length) continue;
      const depth = this.parents(name).length;
      levels.set(depth, [...(levels.get(depth) ?? []), { name, leaves: below }]);
    }
    this.#levels = [...levels.entries()].sort(([a], [b]) => b - a).map(([, level]) => level);
  }

  /** What is above a label or a parent, from the top down. */
  parents(name: string): readonly string[] {
    return this.#above.get(name) ?? [];
  }

  /** The indices of the labels that a name covers. */
  leaves(name: string): number[] {
    return this.#labels.flatMap((label, i) =>
      label.name === name || this.parents(label.name).includes(name) ? [i] : [],
    );
  }

  /** What to call an image with these probabilities, and how certain that is. */
  name(probabilities: Float32Array, threshold: number): Named {
    const best = argmax(probabilities);
    const label = { label: this.#labels[best]?.name ?? "", confidence: probabilities[best] ?? 0 };
    const least = Math.fround(threshold);
    if (!(label.confidence < least)) return label;
    for (const level of this.#levels) {
      let found: Named | undefined;
      for (const { name, leaves } of level) {
        const sum = leaves.reduce((total, i) => total + (probabilities[i] ?? 0), 0);
        const confidence = Math.min(1, Math.fround(sum));
        if (found === undefined || confidence > found.confidence) {
          found = { label: name, confidence };
        }
      }
      if (found && !(found.confidence < least)) return found;
    }
    return label;
  }
}

export function argmax(values: Float32Array): number {
  let best = 0;
  values.forEach((value, i) => {
    if (value > (values[best] ?? 0)) best = i;
  });
  return best;
}

function ancestors(name: string, direct: ReadonlyMap<string, string | null>): string[] {
  const path: string[] = [];
  for (let parent = direct.get(name); parent; parent = direct.get(parent)) path.unshift(parent);
  return path;
}
