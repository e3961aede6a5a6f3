import { useMemo } from "react";
import type { Manifest, ModelName } from "visionflow-client";

import { LabelTree } from "./labelTree";
import { useManifests } from "./useManifest";
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
export function useServedChoices(others: readonly (string | null | undefined)[]): LabelChoice[] {
  const tree = useServedTree();
  const key = JSON.stringify(others);
  return useMemo(() => choicesOf([tree], JSON.parse(key) as (string | null)[]), [tree, key]);
}

/** Of so many versions the manifests are read: a list may show more. */
const MOST_VERSIONS = 12;

/** What these versions can name, and `others`, sorted in the user's language. */
export function useLabelChoices(
  models: readonly (ModelName | null)[],
  others: readonly (string | null | undefined)[],
): LabelChoice[] {
  const byName = new Map(
    models.flatMap((model) => (model ? [[`${model.name} ${model.version}`, model]] : [])),
  );
  const manifests = useManifests([...byName.values()].slice(0, MOST_VERSIONS));
  const key = JSON.stringify(others);
  return useMemo(
    () => choicesOf(manifests.map(manifestTree), JSON.parse(key) as (string | null)[]),
    [manifests, key],
  );
}

function manifestTree({ labels, parents }: Manifest): LabelTree {
  return new LabelTree(
    labels.map(({ name }) => name),
    [...labels, ...parents],
  );
}

function choicesOf(trees: readonly LabelTree[], others: readonly (string | null)[]): LabelChoice[] {
  const above = new Map<string, readonly string[]>();
  for (const tree of trees) {
    for (const name of [...tree.labels, ...tree.parents]) {
      if (!above.get(name)?.length) above.set(name, tree.above(name));
    }
  }
  for (const name of others) if (name && !above.has(name)) above.set(name, []);
  return [...above]
    .map(([name, parents]) => ({ name, above: parents }))
    .sort((a, b) => COLLATOR.compare(a.name, b.name));
}

const COLLATOR = new Intl.Collator();
