import type { Score } from "visionflow-client";

import type { EngineAnswer } from "../../ondevice/engine";
import { calmRows } from "./calmRows";
import { Rate } from "./rate";

export interface Now {
  answer: EngineAnswer | null;
  /** Its best labels, in an order that does not flicker. */
  rows: readonly Score[];
  /** Answers a second; `null` until it is known. */
  rate: number | null;
}

const NOTHING: Now = { answer: null, rows: [], rate: null };

/** Eyes follow no more than this; the answers come faster. */
const SHOWN_EVERY_MS = 80;

/**
 * The answers of the live camera, for the components that show them. They read it by themselves,
 * so that nothing else of the page renders when one arrives.
 */
export class Feed {
  #now = NOTHING;
  #rate = new Rate();
  #shownAt = -Infinity;
  readonly #listeners = new Set<() => void>();

  readonly read = (): Now => this.#now;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** `now` in milliseconds. */
  tell(answer: EngineAnswer, now: number): void {
    const rate = this.#rate.count(now);
    if (now - this.#shownAt < SHOWN_EVERY_MS) return;
    this.#shownAt = now;
    const before = this.#now.rows.map(({ label }) => label);
    this.#set({ answer, rows: calmRows(before, answer.topK), rate });
  }

  /** The camera shows something else from now on. */
  clear(): void {
    this.#rate = new Rate();
    this.#shownAt = -Infinity;
    this.#set(NOTHING);
  }

  #set(now: Now): void {
    this.#now = now;
    for (const listener of this.#listeners) listener();
  }
}
