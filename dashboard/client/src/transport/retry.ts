import type { ApiError } from "../errors.ts";
import { KEY_HEADER } from "./key.ts";

/** Repeats of one request, after the first try. */
export const RETRIES = 4;
/** The back-off starts here and doubles, up to `LONGEST_BACK_OFF_MS`. */
const FIRST_BACK_OFF_MS = 250;
const LONGEST_BACK_OFF_MS = 8_000;
/** A quota per minute ends within this. One per month is the caller's to wait for. */
const LONGEST_WAIT_MS = 65_000;

/** Answers of a request that was refused or lost on the way, by their status. */
const PASSING: ReadonlySet<number | null> = new Set([null, 429, 502, 503, 504]);
/** They end when somebody decides, or with the month. */
const LASTING: ReadonlySet<string> = new Set(["budget_stopped", "timeout", "unexpected_answer"]);
const READING: ReadonlySet<string> = new Set(["GET", "HEAD"]);
/** Signing an upload records nothing, so a form too many does no harm. */
const SIGNING = "/uploads";

/** `error`, of a request that may be sent again without being done twice. */
export class Repeatable extends Error {
  readonly error: ApiError;
  readonly retries: number;

  constructor(error: ApiError, retries: number) {
    super(error.message);
    this.error = error;
    this.retries = retries;
  }
}

/**
 * Whether sending `request` again does it once at most.
 *
 * A 429 says that nothing was done. Otherwise it may have been, so only what changes nothing and
 * what has an idempotency key is repeated. A `DELETE` is not: the one of feedback takes back the
 * latest, and the second time another.
 */
export function mayRepeat({ method, url, headers }: Request, error: ApiError): boolean {
  if (!error.retryable || LASTING.has(error.code) || !PASSING.has(error.status)) return false;
  if (error.status === 429 || READING.has(method) || headers.has(KEY_HEADER)) return true;
  return method === "POST" && new URL(url).pathname.endsWith(SIGNING);
}

/**
 * What `attempt` resolves to, tried again while it throws `Repeatable`: at the time that
 * `Retry-After` says, and else after a random part of a span that doubles (full jitter:
 * https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
 *
 * Throws the last `ApiError`, and an `AbortError` when `signal` says so.
 */
export async function repeated<Result>(
  signal: AbortSignal | undefined,
  attempt: () => Promise<Result>,
): Promise<Result> {
  for (let repeats = 0; ; repeats += 1) {
    try {
      return await attempt();
    } catch (cause) {
      if (!(cause instanceof Repeatable)) throw cause;
      const { error, retries } = cause;
      const wait = waitOf(error, repeats);
      if (repeats >= retries || wait > LONGEST_WAIT_MS) throw error;
      await pause(wait, signal);
    }
  }
}

function waitOf({ retryAt }: ApiError, repeats: number): number {
  const backOff = Math.random() * Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** repeats);
  return retryAt === null ? backOff : Math.max(0, retryAt - Date.now()) + backOff;
}

/** Throws the signal's reason when it aborts. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
