import { type ModelItem, type ModelList, type ModelName, modelRef } from "visionflow-client";

/** A version's name as people read it. A version alone names none: many models have a 1.0.0. */
export function modelKey({ name, version }: ModelName): string {
  return `${name} ${version}`;
}

/** A version as a parameter of the page's address. */
export function modelParams(model: ModelName): Record<"model", string> {
  return { model: modelRef(model) };
}

/** The version in the address, or else production. */
export function chosenModel(
  { items, aliases: { production } }: ModelList,
  params: URLSearchParams,
): ModelItem | undefined {
  const wanted = params.get("model") ?? (production && modelRef(production));
  return items.find((item) => modelRef(item) === wanted);
}
