import type { Arrival } from "../arrivals";
import { hashOf } from "../uploads";
import type { LabelRow } from "./labelTable";

/** A table with where it lay among the images. */
export interface PlacedTable {
  path: string;
  rows: readonly LabelRow[];
}

/** Finds what tables say of an image: by its content, its path from the table, or its name. */
export class Labels {
  /** `null`: rows disagree on it. */
  readonly #byPath = new Map<string, LabelRow | null>();
  /** `null`: several images have this name, or rows disagree on it. */
  readonly #byName = new Map<string, LabelRow | null>();
  readonly #byHash = new Map<string, LabelRow>();
  readonly rows: readonly LabelRow[];

  constructor(tables: readonly PlacedTable[]) {
    this.rows = tables.flatMap(({ rows }) => rows);
    for (const { path, rows } of tables) {
      for (const row of rows) {
        if (row.sha256 !== null) this.#byHash.set(row.sha256, row);
        if (row.file === null) continue;
        const place = inFolder(path, row.file);
        const there = this.#byPath.get(place);
        this.#byPath.set(place, there === undefined || agree(there, row) ? row : null);
        const name = nameOf(row.file);
        const other = this.#byName.get(name);
        this.#byName.set(
          name,
          other === undefined || (other?.file === row.file && agree(other, row)) ? row : null,
        );
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
    // Cameras begin again at IMG_0001: only its content says which of the rows an image has.
    const same = this.#byHash.size > 0 ? this.#byHash.get(await hashOf(file)) : undefined;
    const row =
      same ??
      this.#byPath.get(composed) ??
      this.#byName.get(name) ??
      this.#byHash.get(name.replace(/\.\w+$/, ""));
    return {
      ...{ file, path, label: row ? row.label : otherwise, part: row?.part ?? null },
      prediction: same?.prediction ?? null, // of other bytes the API takes none
    };
  }
}

/** Whether two rows say the same of an image. `null`: others disagreed before. */
function agree(one: LabelRow | null, other: LabelRow): boolean {
  return one?.label === other.label && one.part === other.part;
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
