/** How long an answer has to stay the same before it is spoken. */
const STABLE_MS = 1_000;
/** No two sentences are closer than this: a screen reader needs time to say one. */
const APART_MS = 4_000;

/** Says what a screen reader hears of a live camera: only what has changed, and not too often. */
export class Speech {
  #spoken: string | null = null;
  #spokenAt = -Infinity;
  #heard: string | null = null;
  #since = 0;

  /** What to say now; `null` for nothing. `now` in milliseconds. */
  hear(sentence: string, now: number): string | null {
    if (sentence !== this.#heard) {
      this.#heard = sentence;
      this.#since = now;
    }
    if (
      sentence === this.#spoken ||
      now - this.#since < STABLE_MS ||
      now - this.#spokenAt < APART_MS
    )
      return null;
    this.#spoken = sentence;
    this.#spokenAt = now;
    return sentence;
  }
}
