import { useMemo } from "react";

import { LabelTree } from "./labelTree";
import { useStatus } from "./useStatus";

/** The labels of the model in service, with their parents. */
export function useServedTree(): LabelTree {
  const { data: status } = useStatus();
  const { labels, parents } = status ?? {};
  return useMemo(() => servedTree(labels ?? [], parents ?? {}), [labels, parents]);
}

/** `parents`: what is directly above each label and each parent, where something is. */
function servedTree(
  labels: readonly string[],
  parents: Readonly<Record<string, string>>,
): LabelTree {
  const above = new Map(Object.entries(parents));
  const names = new Set([...labels, ...above.values()]);
  return new LabelTree(
    labels,
    [...names].map((name) => ({ name, parent: above.get(name) ?? null })),
  );
}

interface LabelChoice {
  name: string;
  /** Its parents, from the top down. */
  above: readonly string[];
}

/** What the model in service can name, and `others`, sorted in the user's language. */
export function useLabelChoices(
  others: readonly (string | null | undefined)[] = [],
): LabelChoice[] {
  const tree = useServedTree();
  const key = JSON.stringify(others);
  return useMemo(() => {
    const names = new Set([...tree.labels, ...tree.parents]);
    for (const name of JSON.parse(key) as (string | null)[]) if (name) names.add(name);
    return [...names]
      .sort(new Intl.Collator().compare)
      .map((name) => ({ name, above: tree.above(name) }));
  }, [tree, key]);
}
