import { type Client, ApiError, MOST_THUMBNAILS } from "visionflow-client";

/** Those of a few screens; what is scrolled to again later is asked for again. */
const MOST_KEPT = 3_000;
/** Scrolling asks for line after line: wait for the rest of the screen. */
const GATHER_MS = 40;
/**
 * Each request at the same time takes an execution environment of its own, and a cold one takes
 * many seconds on a busy machine. With two, one that is cold does not hold up the other.
 */
const AT_ONCE = 2;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** The small images of what is visible, asked for fifty at a time. For `useSyncExternalStore`. */
export class Thumbnails {
  readonly #api: Client;
  readonly #name: string;
  readonly #listeners = new Set<() => void>();
  /** `null`: there is none, or it is on its way. In the order of the last use. */
  readonly #known = new Map<string, string | null>();
  /** What is visible, in order. */
  #wanted: readonly string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = 0;
  /** How often it failed since it last worked, and until when nothing is asked for. */
  #failures = 0;
  #pauseUntil = 0;
  /** The dataset was deleted: asking again brings nothing. */
  #gone = false;
  #revision = 0;

  constructor(api: Client, name: string) {
    this.#api = api;
    this.#name = name;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) clearTimeout(this.#timer);
    };
  };

  readonly revision = (): number => this.#revision;

  get(hash: string): string | null {
    return this.#known.get(hash) ?? null;
  }

  /** Ask for what is visible now, and for nothing that was before. */
  want(hashes: readonly string[]): void {
    this.#wanted = hashes;
    this.#plan(GATHER_MS);
  }

  #missing(): string[] {
    return this.#wanted.filter((hash) => !this.#known.has(hash));
  }

  #plan(waitMs: number): void {
    clearTimeout(this.#timer);
    if (this.#missing().length === 0) return;
    const pauseMs = this.#pauseUntil - performance.now();
    this.#timer = setTimeout(
      () => {
        this.#ask();
      },
      Math.max(waitMs, pauseMs),
    );
  }

  #ask(): void {
    // The page may have been left while a request was open, which plans the next one.
    if (this.#gone || this.#listeners.size === 0) return;
    while (this.#asking < AT_ONCE) {
      const part = this.#missing().slice(0, MOST_THUMBNAILS);
      if (part.length === 0) return;
      void this.#read(part);
    }
  }

  /** Shown as soon as they are there, whatever else is on its way. */
  async #read(part: readonly string[]): Promise<void> {
    this.#asking += 1;
    for (const hash of part) this.#known.set(hash, null);
    try {
      const items = await this.#api.thumbnails(this.#name, part);
      for (const [hash, url] of Object.entries(items)) this.#known.set(hash, url);
      this.#failures = 0;
    } catch (cause) {
      this.#gone ||= cause instanceof ApiError && cause.status === 404;
      // The grid works without them; what is still visible is asked for again after a pause.
      for (const hash of part) this.#known.delete(hash);
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
      this.#failures += 1;
      this.#pauseUntil = performance.now() + pauseMs;
    }
    this.#asking -= 1;
    for (const hash of this.#known.keys()) {
      if (this.#known.size <= MOST_KEPT) break;
      this.#known.delete(hash);
    }
    this.#plan(0);
    this.#revision += 1;
    for (const listener of this.#listeners) listener();
  }
}
