import type { ModelItem, ModelList, ModelName } from "../api/types";

/** A unique key: two models may have the same version. */
export function modelKey({ name, version }: ModelName): string {
  return `${name} ${version}`;
}

/** A version as parameters of the page's address. */
export function modelParams({ name, version }: ModelName): Record<"model" | "version", string> {
  return { model: name, version };
}

/** The version in the address, of production's model if it names none; else production. */
export function chosenModel(
  { items, aliases: { production } }: ModelList,
  params: URLSearchParams,
): ModelItem | undefined {
  const version = params.get("version") ?? production?.version;
  const name = params.get("model") ?? production?.name;
  const alike = items.filter((item) => item.version === version);
  return alike.find((item) => item.name === name) ?? alike[0];
}
