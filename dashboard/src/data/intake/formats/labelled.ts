import type { Arrival } from "../arrivals";
import { hashOf } from "../uploads";
import type { LabelRow } from "./labelTable";

/** A table with where it lay among the images. */
export interface PlacedTable {
  path: string;
  rows: readonly LabelRow[];
}

/** Finds what tables say of an image: by its path from the table, its name, or its content. */
export class Labels {
  readonly #byPath = new Map<string, LabelRow>();
  /** `null`: several images have this name. */
  readonly #byName = new Map<string, LabelRow | null>();
  readonly #byHash = new Map<string, LabelRow>();
  readonly rows: readonly LabelRow[];

  constructor(tables: readonly PlacedTable[]) {
    this.rows = tables.flatMap(({ rows }) => rows);
    for (const { path, rows } of tables) {
      for (const row of rows) {
        if (row.sha256 !== null) this.#byHash.set(row.sha256, row);
        if (row.file === null) continue;
        this.#byPath.set(inFolder(path, row.file), row);
        const name = nameOf(row.file);
        const other = this.#byName.get(name);
        this.#byName.set(name, other === undefined || other?.file === row.file ? row : null);
      }
    }
  }

  /** Rows that name an image by its hash, by that. */
  get byHash(): ReadonlyMap<string, LabelRow> {
    return this.#byHash;
  }

  /** The image with the label and the part of its row; what no row names has `otherwise`. */
  async place(arrival: Arrival, otherwise: string | null): Promise<Arrival> {
    const { file, path = file.name } = arrival;
    const composed = path.normalize("NFC").replace(/^\//, "");
    const name = nameOf(composed);
    const row =
      this.#byPath.get(composed) ??
      this.#byName.get(name) ??
      this.#byHash.get(name.replace(/\.\w+$/, "")) ??
      (this.#byHash.size > 0 ? this.#byHash.get(await hashOf(file)) : undefined);
    return { file, path, label: row ? row.label : otherwise, part: row?.part ?? null };
  }
}

function nameOf(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}

/** A path that stands in the table at `table`, from where that one's path begins. */
function inFolder(table: string, file: string): string {
  const folder = table.replace(/^\//, "").normalize("NFC").split("/").slice(0, -1);
  const parts = file.replaceAll("\\", "/").split("/");
  return [...folder, ...parts].filter((part) => part !== "." && part !== "").join("/");
}
