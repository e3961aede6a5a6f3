import {
  type Client,
  ApiError,
  MOST_UPLOADS,
  type NewImage,
  sendToBucket,
  typeOf,
  type UploadForms,
} from "visionflow-client";

import type { Arrival } from "./arrivals";

type Form = UploadForms["forms"][number];

/** An image that was not taken, and why. */
export interface Refused extends Arrival {
  error: Error;
}

export interface Progress {
  /** Everything that was chosen. */
  total: number;
  sent: number;
  /** The dataset has it already, or it was chosen twice. */
  known: number;
  /** Not images. */
  skipped: number;
  refused: readonly Refused[];
  working: boolean;
}

const START: Progress = {
  total: 0,
  sent: 0,
  known: 0,
  skipped: 0,
  refused: [],
  working: false,
};
/** The code of a copy that is not let in: its prediction was erased. */
export const PREDICTION_ERASED = "prediction_erased";
const PARALLEL = 6;
const TRIES = 5;
const BACK_OFF_MS = 500;
/** The bucket has the image: it takes each one once. */
const THERE_ALREADY = 412;

type Send = (form: Form, file: File, signal: AbortSignal) => Promise<void>;

/**
 * Images on their way into a dataset: hashed, announced a hundred at a time, and sent straight to
 * the bucket. What failed for the moment is tried again, later each time. Choosing the same images
 * again, after a reload say, sends only what has not arrived. A store for `useSyncExternalStore`.
 */
export class Uploads {
  readonly #api: Client;
  readonly #name: string;
  readonly #send: Send;
  readonly #pauseMs: number;
  readonly #listeners = new Set<() => void>();
  readonly #seen = new Set<string>();
  #waiting: Arrival[] = [];
  #classes: Set<string> | null = null;
  #progress = START;
  #stop = new AbortController();

  constructor(
    api: Client,
    name: string,
    send: Send = (form, file, signal) => sendToBucket(form, file, () => undefined, signal),
    pauseMs = BACK_OFF_MS,
  ) {
    this.#api = api;
    this.#name = name;
    this.#send = send;
    this.#pauseMs = pauseMs;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly progress = (): Progress => this.#progress;

  add(arrivals: readonly Arrival[]): void {
    this.#waiting.push(...arrivals);
    this.#set({ total: this.#progress.total + arrivals.length });
    if (!this.#progress.working && arrivals.length > 0) void this.#work();
  }

  /** Sends again what was not taken. */
  retry(): void {
    const { refused, total } = this.#progress;
    this.#set({ refused: [], total: total - refused.length });
    this.add(refused);
  }

  /** Ends everything that is under way, and forgets the counts. */
  cancel(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#waiting = [];
    this.#seen.clear();
    this.#progress = START;
    this.#set({});
  }

  async #work(): Promise<void> {
    const { signal } = this.#stop;
    this.#set({ working: true });
    while (this.#waiting.length > 0 && !signal.aborted) {
      const batch = this.#waiting.splice(0, MOST_UPLOADS);
      await this.#sendBatch(batch, signal);
    }
    if (!signal.aborted) this.#set({ working: false });
  }

  async #sendBatch(batch: readonly Arrival[], signal: AbortSignal): Promise<void> {
    const isOver = () => signal.aborted;
    const fresh = new Map<string, { arrival: Arrival; image: NewImage }>();
    for (const arrival of batch) {
      if (isOver()) return;
      try {
        const type = await typeOf(arrival.file);
        if (type === null) {
          this.#set({ skipped: this.#progress.skipped + 1 });
          continue;
        }
        const sha256 = await hashOf(arrival.file);
        if (this.#seen.has(sha256)) {
          this.#set({ known: this.#progress.known + 1 });
          continue;
        }
        this.#seen.add(sha256);
        fresh.set(sha256, { arrival, image: announced(arrival, type, sha256) });
      } catch (cause) {
        this.#refuse(arrival, cause);
      }
    }
    if (fresh.size === 0 || isOver()) return;
    try {
      await this.#makeClasses([...fresh.values()], signal);
      const images = [...fresh.values()].map(({ image }) => image);
      const { known, forms, erased } = await this.#patiently(
        () => this.#api.uploadForms(this.#name, images, signal),
        signal,
      );
      this.#set({ known: this.#progress.known + known.length });
      for (const sha256 of erased) {
        const arrival = fresh.get(sha256)?.arrival;
        fresh.delete(sha256);
        this.#seen.delete(sha256);
        if (arrival) this.#refuse(arrival, new ApiError(PREDICTION_ERASED, sha256));
      }
      const parts = [...fresh].flatMap(
        ([
          sha256,
          {
            arrival: { part },
          },
        ]) => (part == null ? [] : [{ sha256, part }]),
      );
      if (parts.length > 0) {
        await this.#patiently(() => this.#api.changeImages(this.#name, parts, signal), signal);
      }
      const queue = [...forms];
      const sender = async () => {
        for (let form = queue.shift(); form; form = queue.shift()) {
          await this.#sendOne(form, fresh.get(form.sha256)?.arrival, signal);
        }
      };
      await Promise.all(Array.from({ length: PARALLEL }, sender));
    } catch (cause) {
      for (const [sha256, { arrival }] of fresh) {
        this.#seen.delete(sha256);
        if (!isOver()) this.#refuse(arrival, cause);
      }
    }
  }

  async #sendOne(form: Form, arrival: Arrival | undefined, signal: AbortSignal): Promise<void> {
    const isOver = () => signal.aborted;
    if (arrival === undefined || isOver()) return;
    try {
      await this.#patiently(() => this.#send(form, arrival.file, signal), signal);
      this.#set({ sent: this.#progress.sent + 1 });
    } catch (cause) {
      if (isOver()) return;
      if (cause instanceof ApiError && cause.status === THERE_ALREADY) {
        this.#set({ known: this.#progress.known + 1 });
        return;
      }
      this.#seen.delete(form.sha256);
      this.#refuse(arrival, cause);
    }
  }

  /** Folders may name classes that the dataset does not have yet. */
  async #makeClasses(fresh: readonly { image: NewImage }[], signal: AbortSignal): Promise<void> {
    const labels = new Set(fresh.flatMap(({ image }) => image.label ?? []));
    if (labels.size === 0) return;
    if (this.#classes === null || [...labels].some((label) => !this.#classes?.has(label))) {
      const { dataset } = await this.#api.dataset(this.#name, signal);
      this.#classes = new Set(dataset.classes.map(({ name }) => name));
    }
    for (const name of labels) {
      if (this.#classes.has(name)) continue;
      await this.#api.changeClass(this.#name, { action: "add", name }, signal);
      this.#classes.add(name);
    }
  }

  /** Tries again what may succeed later, with a pause that doubles. */
  async #patiently<Value>(attempt: () => Promise<Value>, signal: AbortSignal): Promise<Value> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt();
      } catch (cause) {
        if (tries === TRIES || signal.aborted || !isPassing(cause)) throw cause;
        const spread = 1 + Math.random(); // so that all do not come back at once
        await pause(this.#pauseMs * 2 ** (tries - 1) * spread);
      }
    }
  }

  #refuse(arrival: Arrival, cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    this.#set({ refused: [...this.#progress.refused, { ...arrival, error }] });
  }

  #set(changes: Partial<Progress>): void {
    this.#progress = { ...this.#progress, ...changes };
    for (const listener of this.#listeners) listener();
  }
}

function announced(
  { file, label, prediction }: Arrival,
  content_type: string,
  sha256: string,
): NewImage {
  return {
    ...{ sha256, bytes: file.size, content_type, label, file_name: file.name || null },
    ...(prediction != null && { prediction_id: prediction }),
  };
}

/** 64 hexadecimal digits. */
export async function hashOf(file: Blob): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const PASSING_CODES: ReadonlySet<string> = new Set([
  "network_error",
  "timeout",
  "too_many_requests",
  "upload_interrupted",
]);

function isPassing(cause: unknown): boolean {
  if (!(cause instanceof ApiError)) return false;
  return PASSING_CODES.has(cause.code) || (cause.status !== null && cause.status >= 500);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
