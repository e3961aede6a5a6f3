import { FormatError, type RawRow } from "./rows";

/** A JSON object on each line; numbers are read as texts, and other values passed over. */
export function jsonLineRows(text: string): RawRow[] {
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    const number = index + 1;
    let parsed: unknown;
    try {
      parsed = JSON.parse(line);
    } catch {
      throw new FormatError("table_json", number);
    }
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
      throw new FormatError("table_json", number);
    }
    const values = Object.entries(parsed).flatMap(([name, value]): [string, string][] =>
      typeof value === "string" || typeof value === "number" || value === null
        ? [[name.toLowerCase(), String(value ?? "")]]
        : [],
    );
    return { line: number, values: new Map(values) };
  });
}
