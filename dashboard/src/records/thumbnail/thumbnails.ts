import { type Client, MOST_RECORD_THUMBNAILS } from "visionflow-client";

/** Rows ask one after the other: wait for the rest of the screen. */
const GATHER_MS = 40;

interface Wanted {
  signal: AbortSignal;
  resolve: (url: string | null) => void;
  reject: (cause: unknown) => void;
}

/**
 * The thumbnails that somebody sees for the first time, asked for a screen at a time. One request
 * after the other, because each draws images. What left the screen meanwhile is not asked for;
 * what a request had no time for is asked for again.
 */
class RecordThumbnails {
  readonly #api: Client;
  readonly #wanted = new Map<string, Wanted>();
  #isAsking = false;

  constructor(api: Client) {
    this.#api = api;
  }

  of(id: string, signal: AbortSignal): Promise<string | null> {
    return new Promise((resolve, reject) => {
      this.#wanted.set(id, { signal, resolve, reject });
      signal.addEventListener("abort", () => {
        this.#wanted.delete(id);
        reject(new DOMException("It left the screen.", "AbortError"));
      });
      if (this.#isAsking) return;
      this.#isAsking = true;
      setTimeout(() => void this.#ask(), GATHER_MS);
    });
  }

  async #ask(): Promise<void> {
    while (this.#wanted.size > 0) {
      const part = [...this.#wanted].slice(0, MOST_RECORD_THUMBNAILS);
      for (const [id] of part) this.#wanted.delete(id);
      try {
        const { items, later } = await this.#api.recordThumbnails(part.map(([id]) => id));
        // Each request makes one at least, so this comes to an end.
        const again = new Set(later.length < part.length ? later : []);
        for (const [id, wanted] of part) {
          if (!again.has(id)) wanted.resolve(items[id] ?? null);
          else if (!wanted.signal.aborted) this.#wanted.set(id, wanted);
        }
      } catch (cause) {
        for (const [, { reject }] of part) reject(cause);
      }
    }
    this.#isAsking = false;
  }
}

const known = new WeakMap<Client, RecordThumbnails>();

/** What gathers the requests of all components that use `api`. */
export function recordThumbnails(api: Client): RecordThumbnails {
  const found = known.get(api) ?? new RecordThumbnails(api);
  known.set(api, found);
  return found;
}
