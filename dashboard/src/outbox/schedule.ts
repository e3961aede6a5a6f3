import { ApiError } from "visionflow-client";

const FIRST_MS = 2_000;
const LONGEST_MS = 5 * 60_000;
/** A budget may be raised before the month ends. */
const LONGEST_PAUSE_MS = 3_600_000;

/**
 * When to try again: after a time that doubles, a random part of it left out, or after what the
 * cloud says; and at once when the browser says that there is a network, or the page is looked at.
 */
export class Schedule {
  readonly #wake: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  /** Epoch ms; before that the cloud refuses in any case. */
  #notBefore = 0;
  #isWaiting = false;
  #isClosed = false;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Something failed, and it is not yet time to try again. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  listen(): void {
    window.addEventListener("online", this.#again);
    document.addEventListener("visibilitychange", this.#again);
  }

  close(): void {
    this.#isClosed = true;
    this.clear();
    window.removeEventListener("online", this.#again);
    document.removeEventListener("visibilitychange", this.#again);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#isWaiting = false;
  }

  done(): void {
    this.clear();
    this.#failures = 0;
    this.#notBefore = 0;
  }

  failed(error: Error): void {
    this.clear();
    this.#isWaiting = true;
    if (this.#isClosed) return;
    if (error instanceof ApiError && error.code === "unauthorized") return; // until somebody signs in
    const wait = this.#waitAfter(error);
    this.#failures += 1;
    this.#timer = setTimeout(this.#wake, wait);
  }

  #waitAfter(error: Error): number {
    const retryAt = error instanceof ApiError ? error.retryAt : null;
    const backOff = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#failures);
    const jitter = (0.5 + Math.random() / 2) * backOff;
    if (retryAt === null) return jitter;
    this.#notBefore = Math.min(retryAt, Date.now() + LONGEST_PAUSE_MS);
    return Math.max(0, this.#notBefore - Date.now()) + jitter;
  }

  readonly #again = () => {
    if (document.visibilityState === "hidden" || !this.#isWaiting) return;
    if (Date.now() < this.#notBefore) return;
    this.#failures = 0;
    this.#wake();
  };
}
