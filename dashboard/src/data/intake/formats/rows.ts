/** Values by the names of their columns, with the line where they begin. */
export interface RawRow {
  line: number;
  values: ReadonlyMap<string, string>;
}

export type FormatCode =
  "table_columns" | "table_quote" | "table_json" | "table_label" | "table_part" | "table_text";

/** A table that cannot be used, with the place of the mistake. */
export class FormatError extends Error {
  readonly code: FormatCode;
  readonly line: number;
  readonly text: string;

  constructor(code: FormatCode, line: number, text = "") {
    super(`line ${line}: ${code} ${text}`);
    this.code = code;
    this.line = line;
    this.text = text;
  }
}
