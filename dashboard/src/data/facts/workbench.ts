import { type Client, type ImageChange, MOST_CHANGES } from "visionflow-client";

import { FactTable, type Part } from "./table";

/** What a row was before a change, and the change that brings it back. */
interface Before {
  suspected: string | null;
  change: ImageChange;
}

interface AllValues {
  label: string | null;
  removed: boolean;
  part: Part | null;
}

type Values = Partial<AllValues>;

/** A change of some rows: to one value, or to one of each row's own. */
type Wanted = Values | ((row: number) => Values);

const UNDO_STEPS = 100;
/** A page of facts is read anew while images are being looked at, but not all the time. */
const RELOAD_MS_PER_PAGE = 500;
const RELOAD_MS = 3_000;

/**
 * The facts of one dataset with the changes that are made to them: each shows at once, is sent in
 * its turn, many together, and can be taken back. A store for `useSyncExternalStore`.
 */
export class Workbench {
  readonly table = new FactTable();
  readonly #api: Client;
  readonly #name: string;
  readonly #listeners = new Set<() => void>();
  readonly #undo: Before[][] = [];
  #waiting: ImageChange[] = [];
  #sending = false;
  #loading: Promise<void> | null = null;
  #revision = 0;
  #complete = false;
  #pages = 0;
  #error: Error | null = null;

  constructor(api: Client, name: string) {
    this.#api = api;
    this.#name = name;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Rises with every change of what is known. */
  readonly revision = (): number => this.#revision;

  /** Whether all pages have been read at least once. */
  get complete(): boolean {
    return this.#complete;
  }

  get error(): Error | null {
    return this.#error;
  }

  get canUndo(): boolean {
    return this.#undo.length > 0;
  }

  /** Changes that the API has not confirmed yet. */
  get unsent(): number {
    return this.#waiting.length;
  }

  /** How long to wait until facts are read anew: longer for many images. */
  get reloadMs(): number {
    return Math.max(RELOAD_MS, this.#pages * RELOAD_MS_PER_PAGE);
  }

  /** Reads all facts, page by page. */
  load(): Promise<void> {
    this.#loading ??= this.#read().finally(() => {
      this.#loading = null;
      this.#tell();
    });
    return this.#loading;
  }

  /** Changes rows. What is as wanted already is not sent, and nothing is sent twice. */
  change(rows: readonly number[], wanted: Wanted): void {
    const before: Before[] = [];
    for (const row of rows) {
      const { label, removed, part } = typeof wanted === "function" ? wanted(row) : wanted;
      const sha256 = this.table.hash(row);
      const suspected = this.table.suggestion(row);
      const was = this.#values(row);
      const change: ImageChange = { sha256 };
      const back: ImageChange = { sha256 };
      // A label that is confirmed is sent too: it ends a suspicion.
      if (label !== undefined && (label !== was.label || suspected !== null)) {
        change.label = label;
        back.label = was.label;
      }
      if (removed !== undefined && removed !== was.removed) {
        change.removed = removed;
        back.removed = was.removed;
      }
      if (part !== undefined && part !== was.part) {
        change.part = part;
        back.part = was.part;
      }
      if (Object.keys(change).length === 1) continue;
      before.push({ suspected, change: back });
      this.#apply(change);
      this.#waiting.push(change);
    }
    if (before.length === 0) return;
    this.#undo.push(before);
    if (this.#undo.length > UNDO_STEPS) this.#undo.shift();
    this.#tell();
    void this.#send();
  }

  /** Takes the last change back. */
  undo(): void {
    for (const { suspected, change } of this.#undo.pop() ?? []) {
      const row = this.table.row(change.sha256);
      if (row === undefined) continue;
      this.#apply(change);
      this.table.setSuspected(row, suspected);
      this.#waiting.push(change);
    }
    this.#tell();
    void this.#send();
  }

  /** Forgets what could be taken back, after a change of classes. */
  forget(): void {
    this.#undo.length = 0;
    this.#tell();
  }

  #values(row: number): AllValues {
    return {
      label: this.table.label(row),
      removed: this.table.removed(row),
      part: this.table.part(row),
    };
  }

  #apply({ sha256, label, removed, part }: ImageChange): void {
    const row = this.table.row(sha256);
    if (row === undefined) return;
    if (label !== undefined) this.table.setLabel(row, label);
    if (removed !== undefined) this.table.setRemoved(row, removed);
    if (part !== undefined) this.table.setPart(row, part);
  }

  async #read(): Promise<void> {
    this.#error = null;
    let cursor: string | null = null;
    let pages = 0;
    try {
      do {
        const page = await this.#api.datasetImages(this.#name, cursor);
        for (const image of page.items) this.table.put(image);
        // What the API has not confirmed is still what the person wants.
        for (const change of this.#waiting) this.#apply(change);
        cursor = page.next_cursor;
        pages += 1;
        if (!this.#complete) this.#tell();
      } while (cursor !== null);
      this.#complete = true;
      this.#pages = pages;
    } catch (cause) {
      this.#error = cause instanceof Error ? cause : new Error(String(cause));
    }
  }

  async #send(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    try {
      while (this.#waiting.length > 0) {
        const batch = nextBatch(this.#waiting);
        await this.#api.changeImages(this.#name, batch);
        this.#waiting = this.#waiting.slice(batch.length);
        this.#tell();
      }
    } catch (cause) {
      // Nothing of what waits was saved: show what is true, and why.
      this.#waiting = [];
      this.#undo.length = 0;
      await this.load();
      this.#error = cause instanceof Error ? cause : new Error(String(cause));
    } finally {
      this.#sending = false;
      this.#tell();
    }
  }

  #tell(): void {
    this.#revision += 1;
    for (const listener of this.#listeners) listener();
  }
}

/** The first changes, up to the most that one call takes and without an image twice. */
function nextBatch(waiting: readonly ImageChange[]): ImageChange[] {
  const seen = new Set<string>();
  const batch: ImageChange[] = [];
  for (const change of waiting) {
    if (batch.length === MOST_CHANGES || seen.has(change.sha256)) break;
    seen.add(change.sha256);
    batch.push(change);
  }
  return batch;
}
