import type { Measured } from "./answer.ts";

/** After so long the frames before count for a third; a hand needs longer to change an object. */
const TIME_CONSTANT_MS = 300;

/** The exponential mean of what is measured of the frames of a camera, whatever their rate. */
export class Smoothing {
  #mean: Measured | null = null;
  #at = 0;

  /** `at` is the frame's time in milliseconds. */
  next(frame: Measured, at: number): Measured {
    const before = this.#mean;
    const share = before === null ? 1 : 1 - Math.exp((this.#at - at) / TIME_CONSTANT_MS);
    this.#at = at;
    this.#mean = before === null ? frame : mixed(before, frame, share);
    return this.#mean;
  }

  restart(): void {
    this.#mean = null;
  }
}

function mixed(before: Measured, frame: Measured, share: number): Measured {
  const mix = (a: number, b: number) => a + (b - a) * share;
  return {
    probabilities: before.probabilities.map((value, i) => mix(value, frame.probabilities[i] ?? 0)),
    familiarity:
      before.familiarity === null || frame.familiarity === null
        ? frame.familiarity
        : mix(before.familiarity, frame.familiarity),
    detail: mix(before.detail, frame.detail),
  };
}
