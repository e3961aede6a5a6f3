import { FormatError, type RawRow } from "./rows";

/** A JSON object on each line; values that are not texts are passed over. */
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
      typeof value === "string" || value === null ? [[name.toLowerCase(), value ?? ""]] : [],
    );
    return { line: number, values: new Map(values) };
  });
}
