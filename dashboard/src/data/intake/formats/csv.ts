import { unescaped } from "../../../ui/csv";
import { FormatError, type RawRow } from "./rows";

/** The rows below a CSV file's header (RFC 4180, also with semicolons or tabs). */
export function csvRows(text: string): RawRow[] {
  const [header, ...rows] = cells(text);
  if (header === undefined) throw new FormatError("table_columns", 1);
  const names = header.values.map((name) => name.trim().toLowerCase());
  return rows
    .filter(({ values }) => values.some((value) => value.trim() !== ""))
    .map(({ line, values }) => ({
      line,
      values: new Map(names.map((name, column) => [name, unescaped(values[column] ?? "")])),
    }));
}

interface Cells {
  line: number;
  values: string[];
}

function cells(text: string): Cells[] {
  const separator = separatorOf(text);
  const found: Cells[] = [];
  // A cell: in quotes, in which two stand for one, or up to what ends it.
  const pattern = new RegExp(
    `(?:"((?:[^"]|"")*)"|([^"${separator}\\r\\n][^${separator}\\r\\n]*)?)(${separator}|\\r\\n|\\n|\\r|$)`,
    "y",
  );
  let line = 1;
  let row: Cells = { line, values: [] };
  while (pattern.lastIndex < text.length || row.values.length > 0) {
    const match = pattern.exec(text);
    if (match === null) throw new FormatError("table_quote", line);
    const [whole, quoted, plain = "", end] = match;
    row.values.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    line += (whole.match(/\r\n|\n|\r/g) ?? []).length;
    if (end !== separator) {
      found.push(row);
      row = { line, values: [] };
    }
    if (end === "") break;
  }
  return found;
}

/** The one that the header has most of. */
function separatorOf(text: string): string {
  const [header = ""] = text.split(/[\r\n]/, 1);
  const count = (separator: string) => header.split(separator).length;
  return [",", ";", "\t"].reduce((best, one) => (count(one) > count(best) ? one : best));
}
