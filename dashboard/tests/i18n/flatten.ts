/** The texts of a language by their full keys: `history.views.grid`. */
export function flatten(table: object, prefix = ""): Map<string, string> {
  return new Map(
    Object.entries(table).flatMap(([key, value]: [string, unknown]) =>
      typeof value === "object" && value !== null
        ? [...flatten(value, `${prefix}${key}.`)]
        : [[prefix + key, String(value)]],
    ),
  );
}
