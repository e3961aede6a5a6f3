import type { ModelName } from "./types.ts";

/** A version's name in addresses and statistics. Neither part has a slash. */
export function modelRef({ name, version }: ModelName): string {
  return `${name}/${version}`;
}

/** The version that `modelRef` has written. */
export function readRef(text: string | null | undefined): ModelName | undefined {
  const [name, version, more] = text?.split("/") ?? [];
  return name && version && more === undefined ? { name, version } : undefined;
}
