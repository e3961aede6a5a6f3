/** Over so long the answers are counted. */
const WINDOW_MS = 2_000;

/** Answers a second, over the last two seconds. */
export class Rate {
  #times: number[] = [];

  /** Counts an answer; `now` in milliseconds. `null` until there are two. */
  count(now: number): number | null {
    this.#times.push(now);
    this.#times = this.#times.filter((time) => now - time <= WINDOW_MS);
    const [first = now] = this.#times;
    return now > first ? (1000 * (this.#times.length - 1)) / (now - first) : null;
  }
}
