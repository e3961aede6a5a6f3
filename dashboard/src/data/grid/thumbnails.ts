import type { Api } from "../../api/client";
import { MOST_THUMBNAILS } from "../../api/datasets";

/** Those of a few screens; what is scrolled to again later is asked for again. */
const MOST_KEPT = 3_000;
/** Scrolling asks for line after line: wait for the rest of the screen. */
const GATHER_MS = 40;

/** The small images of what is visible, asked for fifty at a time. For `useSyncExternalStore`. */
export class Thumbnails {
  readonly #api: Api;
  readonly #name: string;
  readonly #listeners = new Set<() => void>();
  /** `null`: there is none, or it is on its way. In the order of the last use. */
  readonly #known = new Map<string, string | null>();
  #wanted = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #revision = 0;

  constructor(api: Api, name: string) {
    this.#api = api;
    this.#name = name;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly revision = (): number => this.#revision;

  get(hash: string): string | null {
    return this.#known.get(hash) ?? null;
  }

  want(hashes: readonly string[]): void {
    const fresh = hashes.filter((hash) => !this.#known.has(hash));
    // Only what is still visible when the request is made.
    this.#wanted = new Set(fresh);
    if (fresh.length === 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#read(), GATHER_MS);
  }

  async #read(): Promise<void> {
    const hashes = [...this.#wanted];
    this.#wanted.clear();
    for (const hash of hashes) this.#known.set(hash, null);
    const parts = Array.from({ length: Math.ceil(hashes.length / MOST_THUMBNAILS) }, (_, part) =>
      hashes.slice(part * MOST_THUMBNAILS, (part + 1) * MOST_THUMBNAILS),
    );
    await Promise.all(
      parts.map(async (part) => {
        try {
          const items = await this.#api.thumbnails(this.#name, part);
          for (const [hash, url] of Object.entries(items)) this.#known.set(hash, url);
        } catch {
          // Asked for again when it is scrolled to again: the grid works without.
          for (const hash of part) this.#known.delete(hash);
        }
      }),
    );
    for (const hash of this.#known.keys()) {
      if (this.#known.size <= MOST_KEPT) break;
      this.#known.delete(hash);
    }
    this.#revision += 1;
    for (const listener of this.#listeners) listener();
  }
}
