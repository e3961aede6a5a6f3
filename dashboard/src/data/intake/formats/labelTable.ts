import { type Part } from "../../facts/table";
import { csvRows } from "./csv";
import { jsonLineRows } from "./jsonLines";
import { FormatError, type RawRow } from "./rows";

/** What a row says of one image. */
export interface LabelRow {
  file: string | null;
  sha256: string | null;
  /** `null`: the row has none. */
  label: string | null;
  part: Part | null;
  /** The prediction whose image this is a copy of. */
  prediction: string | null;
}

// The columns that `training/data/sources/imports.py` reads, and the export's hash.
const FILE = ["file_name", "file", "path", "image"];
const LABEL = ["label", "class"];
const PART = ["part", "split"];
const PARTS: Readonly<Record<string, Part>> = {
  train: "train",
  val: "validation",
  valid: "validation",
  validation: "validation",
  test: "test",
};
/** The source of such a copy, before the id (`visionflow/datasets/names.py`). */
const COPIED = "prediction:";
const MOST_CHARACTERS = 120;

/** Whether a file may be a table of labels, by its name. */
export function isTable(name: string): boolean {
  return /\.(?:csv|jsonl|jsonl\.gz)$/i.test(name);
}

/** The labels in a table. Throws `FormatError`. */
export async function readTable(file: File): Promise<LabelRow[]> {
  const { body } = new Response(await file.arrayBuffer());
  const isPacked = file.name.toLowerCase().endsWith(".gz");
  const content = isPacked ? body?.pipeThrough(new DecompressionStream("gzip")) : body;
  let text: string;
  try {
    const bytes = await new Response(content).arrayBuffer();
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError("table_text", 1);
  }
  const isCsv = file.name.toLowerCase().endsWith(".csv");
  const rows = isCsv ? csvRows(text) : jsonLineRows(text);
  return rows.map(labelRow);
}

function labelRow({ line, values }: RawRow): LabelRow {
  const get = (names: readonly string[]) => {
    const name = names.find((known) => values.has(known));
    return name === undefined ? undefined : (values.get(name) ?? "").trim().normalize("NFC");
  };
  const file = get(FILE);
  const sha256 = get(["sha256"]);
  const label = get(LABEL);
  if (label === undefined || (file === undefined && sha256 === undefined)) {
    throw new FormatError("table_columns", line);
  }
  if (label.length > MOST_CHARACTERS || /[/\\:*?"<>|\p{Cc}]/u.test(label)) {
    throw new FormatError("table_label", line, label.slice(0, 60));
  }
  const source = get(["source"]) ?? "";
  const part = get(PART) ?? "";
  const known = PARTS[part.toLowerCase()] ?? null;
  if (part !== "" && known === null) throw new FormatError("table_part", line, part.slice(0, 60));
  return {
    file: textOrNull(file),
    sha256: textOrNull(sha256),
    label: textOrNull(label),
    part: known,
    prediction: source.startsWith(COPIED) ? textOrNull(source.slice(COPIED.length)) : null,
  };
}

function textOrNull(text: string | undefined): string | null {
  return text === undefined || text === "" ? null : text;
}
