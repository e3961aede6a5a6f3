import type { DatasetImage } from "visionflow-client";

export const STATES = ["pending", "ready", "unreadable"] as const;
export const PARTS = ["train", "validation", "test"] as const;
export const SOURCES = ["upload", "drop", "push", "prediction"] as const;
export type State = (typeof STATES)[number];
export type Part = (typeof PARTS)[number];
export type Source = (typeof SOURCES)[number];

/** What a row can say in one bit. */
const OUTLIER = 1;
const REMOVED = 2;

/** Texts that many rows share, each as a number; 0 is none. */
class Shared {
  readonly #texts: (string | null)[] = [null];
  readonly #numbers = new Map<string, number>();

  number(text: string | null): number {
    if (text === null) return 0;
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const made = this.#texts.push(text) - 1;
    this.#numbers.set(text, made);
    return made;
  }

  get size(): number {
    return this.#texts.length;
  }

  text(number: number): string | null {
    return this.#texts[number] ?? null;
  }

  /** -1 for a text that no row has had. */
  find(text: string): number {
    return this.#numbers.get(text) ?? -1;
  }
}

/**
 * The facts of a dataset's images, in columns of numbers: 100,000 images fit in a few megabytes and
 * a filter reads them in about a millisecond. A row keeps its number.
 */
export class FactTable {
  readonly #rows = new Map<string, number>();
  readonly #hashes: string[] = [];
  readonly #names: (string | null)[] = [];
  readonly #errors = new Map<number, string>();
  readonly #labels = new Shared();
  readonly #groups = new Shared();
  #label = new Uint32Array(1024);
  #suspected = new Uint32Array(1024);
  #group = new Uint32Array(1024);
  #state = new Uint8Array(1024);
  #part = new Uint8Array(1024);
  #source = new Uint8Array(1024);
  #flags = new Uint8Array(1024);

  get size(): number {
    return this.#hashes.length;
  }

  /** Adds an image, or renews what is known of it. */
  put(image: DatasetImage): void {
    const row = this.#rows.get(image.sha256) ?? this.#append(image.sha256);
    this.#names[row] = image.file_name;
    this.#label[row] = this.#labels.number(image.label);
    this.#suspected[row] = this.#labels.number(image.suspected);
    this.#group[row] = this.#groups.number(image.group);
    this.#state[row] = STATES.indexOf(image.state);
    this.setPart(row, image.part);
    this.#source[row] = SOURCES.findIndex((source) => image.source.startsWith(source));
    this.#flags[row] = (image.outlier ? OUTLIER : 0) | (image.removed ? REMOVED : 0);
    if (image.error) this.#errors.set(row, image.error[0] ?? "");
    else this.#errors.delete(row);
  }

  row(hash: string): number | undefined {
    return this.#rows.get(hash);
  }

  hash(row: number): string {
    return this.#hashes[row] ?? "";
  }

  fileName(row: number): string | null {
    return this.#names[row] ?? null;
  }

  label(row: number): string | null {
    return this.#labels.text(this.#label[row] ?? 0);
  }

  /** The label that the model suggests, where it is another one than the image has. */
  suggestion(row: number): string | null {
    return this.suggestionNumber(row) === 0 ? null : this.#labels.text(this.#suspected[row] ?? 0);
  }

  state(row: number): State {
    return STATES[this.#state[row] ?? 0] ?? "pending";
  }

  part(row: number): Part | null {
    return PARTS[(this.#part[row] ?? 0) - 1] ?? null;
  }

  source(row: number): Source | null {
    return SOURCES[this.#source[row] ?? 0] ?? null;
  }

  error(row: number): string | null {
    return this.#errors.get(row) ?? null;
  }

  outlier(row: number): boolean {
    return ((this.#flags[row] ?? 0) & OUTLIER) !== 0;
  }

  removed(row: number): boolean {
    return ((this.#flags[row] ?? 0) & REMOVED) !== 0;
  }

  /** For comparing rows: equal numbers are equal labels, 0 is none. */
  labelNumber(row: number): number {
    return this.#label[row] ?? 0;
  }

  suggestionNumber(row: number): number {
    const suspected = this.#suspected[row] ?? 0;
    return suspected === this.#label[row] ? 0 : suspected;
  }

  /** Rows of one group show the same thing; 0: not compared yet. */
  groupNumber(row: number): number {
    return this.#group[row] ?? 0;
  }

  /** The number of a label; -1 where no row has it. */
  numberOf(label: string): number {
    return this.#labels.find(label);
  }

  /** A label that a person gave ends the suspicion about the row. */
  setLabel(row: number, label: string | null): void {
    this.#label[row] = this.#labels.number(label);
    this.#suspected[row] = 0;
  }

  setSuspected(row: number, label: string | null): void {
    this.#suspected[row] = this.#labels.number(label);
  }

  setRemoved(row: number, removed: boolean): void {
    const flags = this.#flags[row] ?? 0;
    this.#flags[row] = removed ? flags | REMOVED : flags & ~REMOVED;
  }

  setPart(row: number, part: Part | null): void {
    this.#part[row] = part === null ? 0 : PARTS.indexOf(part) + 1;
  }

  /** The rows that show the same thing as `row`, with it, without removed ones. */
  groupOf(row: number): number[] {
    const group = this.groupNumber(row);
    if (group === 0) return [row];
    const rows: number[] = [];
    for (let other = 0; other < this.size; other += 1) {
      if (this.#group[other] === group && !this.removed(other)) rows.push(other);
    }
    return rows;
  }

  /** `rows` and all that show the same thing as one of them, removed ones too. */
  withLookAlikes(rows: readonly number[]): number[] {
    const groups = new Set(rows.map((row) => this.groupNumber(row)));
    const found = new Set(rows);
    for (let row = 0; row < this.size; row += 1) {
      const group = this.groupNumber(row);
      if (group !== 0 && groups.has(group)) found.add(row);
    }
    return [...found];
  }

  /**
   * Which groups lie in several parts, by their numbers: what is learned from would be tested on.
   * An image whose part is chosen automatically belongs to training, from which parts are drawn.
   */
  dividedGroups(): ReadonlySet<number> {
    const firstPart = new Uint8Array(this.#groups.size);
    const train = PARTS.indexOf("train") + 1;
    const divided = new Set<number>();
    for (let row = 0; row < this.size; row += 1) {
      const group = this.groupNumber(row);
      if (group === 0 || this.removed(row)) continue;
      const chosen = this.#part[row] ?? 0;
      const part = chosen === 0 ? train : chosen;
      if (firstPart[group] === 0) firstPart[group] = part;
      else if (firstPart[group] !== part) divided.add(group);
    }
    return divided;
  }

  /** How many rows that are not removed each group has, by its number. */
  groupSizes(): Uint32Array {
    const sizes = new Uint32Array(this.size + 1);
    for (let row = 0; row < this.size; row += 1) {
      if (!this.removed(row)) {
        const group = this.groupNumber(row);
        sizes[group] = (sizes[group] ?? 0) + 1;
      }
    }
    sizes[0] = 0;
    return sizes;
  }

  #append(hash: string): number {
    const row = this.#hashes.push(hash) - 1;
    this.#rows.set(hash, row);
    if (row >= this.#label.length) {
      const longer = this.#label.length * 2;
      this.#label = grown(this.#label, new Uint32Array(longer));
      this.#suspected = grown(this.#suspected, new Uint32Array(longer));
      this.#group = grown(this.#group, new Uint32Array(longer));
      this.#state = grown(this.#state, new Uint8Array(longer));
      this.#part = grown(this.#part, new Uint8Array(longer));
      this.#source = grown(this.#source, new Uint8Array(longer));
      this.#flags = grown(this.#flags, new Uint8Array(longer));
    }
    return row;
  }
}

function grown<Column extends Uint8Array | Uint32Array>(column: Column, longer: Column): Column {
  longer.set(column);
  return longer;
}
