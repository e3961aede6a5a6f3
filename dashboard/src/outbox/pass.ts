import { ApiError, type Client, MOST_RECORDS } from "visionflow-client";

import type { OutboxDatabase } from "./database";
import { isWaiting, nextStep, type Refusal, type Row, type Step } from "./record";
import { sendImage, sendLabel, sendRecords, sendToDataset } from "./roads";

/** So many faults of the cloud in a row end a pass; fewer may be one item's own. */
const MOST_FAULTS = 3;

/** They concern whoever sends and not what is sent. */
const OF_CALLER: ReadonlySet<string> = new Set([
  "unauthorized",
  "quota_exceeded",
  "too_many_requests",
  "budget_stopped",
]);

export interface PassContext {
  api: Client;
  database: OutboxDatabase;
  owner: string;
  /** As the API writes down who gave a label. */
  callerName: string;
  onChange: (row: Row) => void;
}

/**
 * Sends everything that waits, the oldest first, each item step by step: record, label, dataset.
 *
 * Each step is written down after the cloud has answered, and does nothing twice: the id of a
 * record is made from the caller and the item's own id, a label that may have arrived is looked up,
 * and a dataset goes by the bytes of an image. So a pass that ends anywhere goes on at the next.
 *
 * Throws what keeps the rest waiting.
 */
export class Pass {
  readonly #context: PassContext;
  #faults = 0;
  #fault: ApiError | null = null;

  constructor(context: PassContext) {
    this.#context = context;
  }

  async run(): Promise<void> {
    const { database, owner } = this.#context;
    const rows = (await database.rows(owner)).filter(isWaiting);
    const plain = rows.filter((row) => row.id === null && !row.hasImage);
    for (let start = 0; start < plain.length; start += MOST_RECORDS) {
      await this.#records(plain.slice(start, start + MOST_RECORDS));
    }
    for (const { deviceId, hasImage } of rows) {
      const row = await database.row(deviceId);
      if (row && isWaiting(row) && (row.id !== null || hasImage)) await this.#finish(row);
    }
    if (this.#fault !== null) throw this.#fault;
  }

  /** A call that is refused as a whole is made again for each record, so that one stops no other. */
  async #records(rows: readonly Row[]): Promise<void> {
    try {
      const outcomes = await sendRecords(this.#context.api, rows);
      for (const [index, { outcome, id, error }] of outcomes.entries()) {
        const changes = outcome === "refused" ? { refusal: refusalOf(error) } : { id };
        await this.#change(rows[index]?.deviceId ?? "", () => changes);
      }
    } catch (cause) {
      const refusal = this.#refusalOr(cause, "record");
      if (refusal === null) return;
      if (rows.length > 1) for (const row of rows) await this.#records([row]);
      else await this.#change(rows[0]?.deviceId ?? "", () => ({ refusal }));
    }
  }

  /** What is left to do of one item. */
  async #finish(first: Row): Promise<void> {
    let row: Row | undefined = first;
    let step = nextStep(first);
    try {
      // One whose image was withheld meanwhile goes with those that have none.
      while (row && isWaiting(row) && (row.id !== null || row.hasImage)) {
        step = nextStep(row);
        row = await this.#step(row);
      }
      this.#faults = 0;
    } catch (cause) {
      const refusal = this.#refusalOr(cause, step);
      if (refusal !== null) await this.#change(first.deviceId, () => ({ refusal }));
    }
  }

  async #step(row: Row): Promise<Row | undefined> {
    const { api, database, callerName } = this.#context;
    const { deviceId, id, said } = row;
    switch (nextStep(row)) {
      case "record": {
        const image = await database.image(deviceId);
        if (!image) {
          // Another tab has just sent it, it is not to be sent, or the browser has lost it.
          const now = await database.row(deviceId);
          if (now?.id !== null || !now.hasImage) return now;
          return this.#change(deviceId, () => ({
            refusal: { code: "device_image_lost", message: "" },
          }));
        }
        const answer = await sendImage(api, row, image);
        // It has gone, also where it was withheld meanwhile.
        const changes = { id: answer.id, refusal: answer.error, hasImage: true };
        return this.#change(deviceId, () => changes);
      }
      case "label": {
        if (id === null || said === null) return undefined;
        const { turn, label } = said;
        const isBegun = row.saidBegun === turn;
        await this.#change(deviceId, () => ({ saidBegun: turn }));
        await sendLabel(api, id, label, isBegun ? callerName : null);
        return this.#change(deviceId, () => ({ saidSent: turn }));
      }
      case "dataset":
        if (id !== null) await sendToDataset(api, id, row);
        return this.#change(deviceId, () => ({ isInDataset: true }));
      case null:
        return undefined;
    }
  }

  async #change(deviceId: string, changes: (row: Row) => Partial<Row>): Promise<Row | undefined> {
    const row = await this.#context.database.change(deviceId, (before) => {
      const changed = changes(before);
      const isDone = nextStep({ ...before, ...changed }) === null;
      return { ...changed, sentAt: isDone ? Date.now() : null };
    });
    if (row) this.#context.onChange(row);
    return row;
  }

  /**
   * Why the cloud will never take it; null where a later try may succeed and the others go on.
   * Throws what concerns all that waits.
   */
  #refusalOr(cause: unknown, step: Step | null): Refusal | null {
    if (!(cause instanceof ApiError)) throw cause;
    const { code, status, retryable, missingRoute } = cause;
    if ((status === null && code !== "timeout") || OF_CALLER.has(code)) throw cause;
    // Who may not record may send nothing; who may not label can still record.
    if (step === "record" && (code === "forbidden" || missingRoute)) throw cause;
    if (!retryable) return refusalOf(cause);
    this.#fault = cause;
    this.#faults += 1;
    if (this.#faults >= MOST_FAULTS) throw cause;
    return null;
  }
}

function refusalOf(error: Refusal | null): Refusal {
  return { code: error?.code ?? "unexpected_answer", message: error?.message ?? "" };
}
