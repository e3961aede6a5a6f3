import type { ModelItem, ModelList, ModelName } from "../api/types";

/** Of one version; the version alone may belong to two models. */
export function modelKey({ name, version }: ModelName): string {
  return `${name} ${version}`;
}

/** What names a version in an address of the page. */
export function modelParams({ name, version }: ModelName): Record<"model" | "version", string> {
  return { model: name, version };
}

/** The version that an address names, by production's name where it says none; else production. */
export function chosenModel(
  { items, aliases: { production } }: ModelList,
  params: URLSearchParams,
): ModelItem | undefined {
  const version = params.get("version") ?? production?.version;
  const name = params.get("model") ?? production?.name;
  const alike = items.filter((item) => item.version === version);
  return alike.find((item) => item.name === name) ?? alike[0];
}
