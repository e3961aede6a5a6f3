import { useMemo } from "react";

import type { Manifest } from "../api/artifact";
import { LabelTree } from "./labelTree";
import { useHealth } from "./useHealth";
import { useManifest } from "./useManifest";

/** The labels of the model in service; with their parents as soon as its manifest has arrived. */
export function useServedTree(): LabelTree {
  const { data: health } = useHealth();
  const { data: manifest } = useManifest(health?.model);
  const labels = health?.labels;
  return useMemo(
    () => (manifest ? treeOf(manifest) : null) ?? new LabelTree(labels ?? []),
    [manifest, labels],
  );
}

function treeOf({ labels, parents }: Manifest): LabelTree {
  return new LabelTree(
    labels.map(({ name }) => name),
    [...labels, ...parents],
  );
}

interface LabelChoice {
  name: string;
  /** Its parents, from the top down. */
  above: readonly string[];
}

/**
 * The labels of the model in service and `others`, sorted in the user's language. `withParents`:
 * the parents too.
 */
export function useLabelChoices(
  others: readonly (string | null | undefined)[] = [],
  { withParents = false } = {},
): LabelChoice[] {
  const tree = useServedTree();
  const key = JSON.stringify(others);
  return useMemo(() => {
    const more = JSON.parse(key) as (string | null)[];
    const names = new Set([...tree.labels, ...(withParents ? tree.parents : [])]);
    for (const name of more) if (name) names.add(name);
    return [...names]
      .sort(new Intl.Collator().compare)
      .map((name) => ({ name, above: tree.above(name) }));
  }, [tree, key, withParents]);
}
