import { ApiError } from "../../api/errors";
import { requestKey } from "../../api/requestKey";
import type { Outcome } from "./classify";

export interface Item {
  /** Also the request's idempotency key: an image that is sent again is recorded once. */
  readonly id: string;
  readonly file: File;
  /** An object URL for the preview, valid until the item is removed. */
  readonly url: string;
  readonly state: "waiting" | "working" | "done" | "failed";
  /** Of the set of labels to answer beside the best one; `null` for none. */
  readonly coverage: number | null;
  /** Share of a large file that was sent, 0..1; `null` for a direct call. */
  readonly sent: number | null;
  readonly outcome: Outcome | null;
  readonly error: Error | null;
}

/** It was answered, but by a record that says the image cannot be classified. */
export function isRefused({ outcome }: Item): boolean {
  return outcome?.prediction.status === "failed";
}

export function isFailed(item: Item): boolean {
  return item.state === "failed" || isRefused(item);
}

/** What the API calls the file, which may be cleaner than what the browser does. */
export function nameOf({ file, outcome }: Item): string | null {
  return outcome?.prediction.filename ?? (file.name === "" ? null : file.name);
}

type Classify = (
  item: Item,
  onSent: (share: number) => void,
  signal: AbortSignal,
) => Promise<Outcome>;

/**
 * Why images wait although nothing is being classified: a quota is used up. `resumesAt`: when the
 * queue goes on by itself, epoch ms; `null` where that is too far away, so that a person decides.
 */
export interface Pause {
  readonly error: ApiError;
  readonly resumesAt: number | null;
}

const PARALLEL = 2;
/** A quota per minute ends within this; one per month is not waited for. */
const PATIENCE_MS = 2 * 60_000;
const QUOTA_CODES: ReadonlySet<string> = new Set(["quota_exceeded", "budget_stopped"]);

/**
 * The chosen images, classified a few at a time in the order of their arrival.
 *
 * A store for `useSyncExternalStore`: `items` is a new array after each change, `pause` a new
 * object.
 */
export class PredictQueue {
  readonly #classify: Classify;
  readonly #listeners = new Set<() => void>();
  readonly #running = new Map<string, AbortController>();
  #items: readonly Item[] = [];
  #pause: Pause | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(classify: Classify) {
    this.#classify = classify;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly items = (): readonly Item[] => this.#items;

  readonly pause = (): Pause | null => this.#pause;

  /** Returns the first of the new items. */
  add(files: readonly File[], coverage: number | null = null): Item | undefined {
    const added = files.map((file) => newItem(file, coverage));
    this.#set([...this.#items, ...added]);
    this.#next();
    return added[0];
  }

  /** With the `coverage` that is chosen now: the version may have refused the one before. */
  retry(id: string, coverage: number | null = null): void {
    this.#change(id, { state: "waiting", error: null, sent: null, coverage });
    this.#next();
  }

  /** Goes on before, or without, the end of a pause. */
  resume(): void {
    clearTimeout(this.#timer);
    this.#pause = null;
    this.#set(this.#items);
    this.#next();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#pause = null;
    for (const abort of this.#running.values()) abort.abort();
    for (const { url } of this.#items) URL.revokeObjectURL(url);
    this.#running.clear();
    this.#set([]);
  }

  #next(): void {
    for (const item of this.#items) {
      if (this.#pause !== null || this.#running.size >= PARALLEL) return;
      if (item.state === "waiting") void this.#run(item);
    }
  }

  async #run(item: Item): Promise<void> {
    const abort = new AbortController();
    this.#running.set(item.id, abort);
    this.#change(item.id, { state: "working" });
    try {
      const onSent = (sent: number) => {
        this.#change(item.id, { sent });
      };
      const outcome = await this.#classify(item, onSent, abort.signal);
      this.#change(item.id, { state: "done", outcome });
    } catch (cause) {
      if (abort.signal.aborted) return;
      const error = cause instanceof Error ? cause : new Error(String(cause));
      if (error instanceof ApiError && QUOTA_CODES.has(error.code)) this.#wait(item.id, error);
      else this.#change(item.id, { state: "failed", error });
    } finally {
      this.#running.delete(item.id);
      this.#next();
    }
  }

  /** The image keeps its place: it is sent again when the quota allows it. */
  #wait(id: string, error: ApiError): void {
    const { code, retryAt } = error;
    const wait = retryAt === null ? Infinity : retryAt - Date.now();
    const resumesAt = code === "quota_exceeded" && wait <= PATIENCE_MS ? retryAt : null;
    clearTimeout(this.#timer);
    this.#pause = { error, resumesAt };
    if (resumesAt !== null) {
      this.#timer = setTimeout(() => {
        this.resume();
      }, wait);
    }
    this.#change(id, { state: "waiting", sent: null });
  }

  #change(id: string, changes: Partial<Item>): void {
    this.#set(this.#items.map((item) => (item.id === id ? { ...item, ...changes } : item)));
  }

  #set(items: readonly Item[]): void {
    this.#items = items;
    for (const listener of this.#listeners) listener();
  }
}

function newItem(file: File, coverage: number | null): Item {
  return {
    id: requestKey(),
    file,
    url: URL.createObjectURL(file),
    state: "waiting",
    coverage,
    sent: null,
    outcome: null,
    error: null,
  };
}
