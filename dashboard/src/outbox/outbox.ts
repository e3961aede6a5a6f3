import { ApiError, type Client, MAX_DIRECT_BYTES, randomKey } from "visionflow-client";

import { bytesOf, OutboxDatabase } from "./database";
import { noteWaiting, waitingOf } from "./flag";
import { Pass } from "./pass";
import { type NewRecord, type OutboxItem, type Row, stateOf } from "./record";
import { Rows } from "./rows";
import { Schedule } from "./schedule";

/** So many sent items stay to be seen, and so long. */
export const MOST_SENT = 200;
export const SENT_KEPT_MS = 7 * 86_400_000;

export interface OutboxView {
  /** The newest first. */
  readonly items: readonly OutboxItem[];
  readonly waiting: number;
  /** "stopped": the network is there, and `problem` says why nothing is sent. */
  readonly state: "idle" | "sending" | "offline" | "stopped";
  readonly problem: Error | null;
}

export interface OutboxOwner {
  /** Deployment and caller. */
  key: string;
  /** As the API writes down who gave a label. */
  name: string;
}

/**
 * The records that one caller made on this device, kept until the cloud has them.
 *
 * A store for `useSyncExternalStore`: `view` is a new object after each change.
 */
export class Outbox {
  readonly #api: Client;
  readonly #owner: OutboxOwner;
  readonly #database = new OutboxDatabase();
  readonly #rows = new Rows();
  readonly #listeners = new Set<() => void>();
  readonly #schedule: Schedule;
  readonly #tabs: BroadcastChannel;
  #state: OutboxView["state"] = "idle";
  #problem: Error | null = null;
  #view: OutboxView = { items: [], waiting: 0, state: "idle", problem: null };
  #running: Promise<void> | null = null;
  #again = false;
  #lastAdded = 0;
  /** Before that nothing is known of what waits, and the flag stays as it is. */
  #isRead = false;

  constructor(api: Client, owner: OutboxOwner) {
    this.#api = api;
    this.#owner = owner;
    this.#schedule = new Schedule(() => void this.send());
    this.#tabs = new BroadcastChannel(`visionflow-outbox ${owner.key}`);
    this.#tabs.onmessage = ({ data }) => void this.#reread(String(data));
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly view = (): OutboxView => this.#view;

  /** Reads what waits and sends it, now and whenever there may be a network again. */
  async start(): Promise<void> {
    this.#schedule.listen();
    await this.send();
  }

  /** Nothing is sent any more; what is being sent arrives or does not. */
  async close(): Promise<void> {
    this.#schedule.close();
    this.#tabs.close();
    await this.#running;
    await this.#database.close();
  }

  /** Resolves to the item's own id once it is written down. */
  async add(record: NewRecord): Promise<string> {
    const { image, thumbnail, dataset } = record;
    if (image && image.size > MAX_DIRECT_BYTES) {
      throw new ApiError("body_too_large", "", { retryable: false });
    }
    if (dataset && !image) {
      throw new ApiError("image_missing", "a dataset takes images", { retryable: false });
    }
    const deviceId = randomKey();
    const row: Row = {
      deviceId,
      owner: this.#owner.key,
      madeAt: record.madeAt,
      addedAt: (this.#lastAdded = Math.max(Date.now(), this.#lastAdded + 1)),
      answer: answerOf(record),
      model: { name: record.model.name, version: record.model.version },
      filename: record.filename,
      thumbnail: thumbnail && (await bytesOf(thumbnail)),
      hasImage: image !== null,
      dataset,
      isInDataset: false,
      said: null,
      saidBegun: 0,
      saidSent: 0,
      id: null,
      refusal: null,
      sentAt: null,
    };
    const bytes = image && (await bytesOf(image));
    void askToKeep();
    this.#noteWaiting(1); // before: a page may end in between
    await this.#kept(async () => {
      await this.#database.add(row, bytes).catch(async (cause: unknown) => {
        if (!isFull(cause)) throw cause;
        await this.#drop(this.#rows.all().filter((known) => stateOf(known) === "sent"));
        await this.#database.add(row, bytes);
      });
    });
    this.#changed(row);
    this.#sendSoon();
    return deviceId;
  }

  /** What a person says of an item: a label, or null for none of them. The last word is sent. */
  async label(deviceId: string, label: string | null): Promise<void> {
    await this.#change(deviceId, ({ said }) => ({
      said: { label, turn: (said?.turn ?? 0) + 1 },
      sentAt: null,
    }));
  }

  /** Sends a refused item again. */
  async retry(deviceId: string): Promise<void> {
    await this.#change(deviceId, () => ({ refusal: null }));
  }

  /** Takes back the consent to send images: those that wait stay here, and their answers go alone. */
  async withhold(): Promise<void> {
    const withheld = { hasImage: false, dataset: null };
    const rows = await this.#kept(() => this.#database.rows(this.#owner.key));
    for (const { deviceId, id, hasImage } of rows) {
      if (id !== null || !hasImage) continue;
      await this.#change(deviceId, (row) => (row.id === null ? withheld : {}));
    }
  }

  /** Takes an item off this device, whatever became of it. */
  async discard(deviceId: string): Promise<void> {
    const row = this.#rows.get(deviceId);
    if (row) await this.#kept(() => this.#drop([row]));
    this.#show();
  }

  /** Sends what waits. Resolves when nothing waits any more, or `view` says why it does. */
  send(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    this.#schedule.clear();
    try {
      await this.#read();
      while (this.#again) {
        this.#again = false;
        // What another tab is sending is looked at again after it.
        if (this.#rows.waiting() > 0) await alone(this.#owner.key, () => this.#pass());
      }
      await this.#trim();
      this.#schedule.done();
      this.#show("idle");
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      const isOffline = error instanceof ApiError && error.unreachable && error.retryable;
      this.#schedule.failed(error);
      this.#show(isOffline ? "offline" : "stopped", isOffline ? null : error);
    }
  }

  /** What earlier pages left; again at each try where the database could not be read. */
  async #read(): Promise<void> {
    if (this.#isRead) return;
    await this.#kept(async () => {
      for (const row of await this.#database.rows(this.#owner.key)) this.#rows.set(row);
    });
    this.#isRead = true;
  }

  async #pass(): Promise<void> {
    this.#show("sending");
    const pass = new Pass({
      api: this.#api,
      database: this.#database,
      owner: this.#owner.key,
      callerName: this.#owner.name,
      onChange: (row) => {
        this.#changed(row);
      },
    });
    await this.#kept(() => pass.run());
  }

  async #change(deviceId: string, changes: (row: Row) => Partial<Row>): Promise<void> {
    const row = await this.#kept(() => this.#database.change(deviceId, changes));
    if (!row) return;
    this.#changed(row);
    this.#sendSoon();
  }

  /** Not while it is known that nothing can be sent: each new record would try in vain. */
  #sendSoon(): void {
    if (!this.#schedule.isWaiting) void this.send();
  }

  /** Of what is sent the newest stay for a while. */
  async #trim(): Promise<void> {
    const sent = this.#rows.all().filter((row) => stateOf(row) === "sent");
    const old = (row: Row) => Date.now() - (row.sentAt ?? 0) > SENT_KEPT_MS;
    const dropped = sent.filter((row, index) => index >= MOST_SENT || old(row));
    if (dropped.length > 0) await this.#kept(() => this.#drop(dropped));
  }

  async #drop(rows: readonly Row[]): Promise<void> {
    await this.#database.remove(rows.map(({ deviceId }) => deviceId));
    for (const { deviceId } of rows) {
      this.#rows.delete(deviceId);
      this.#tabs.postMessage(deviceId);
    }
  }

  /** Another tab has changed an item. */
  async #reread(deviceId: string): Promise<void> {
    const row = await this.#database.row(deviceId).catch(() => undefined);
    if (row) this.#rows.set(row);
    else this.#rows.delete(deviceId);
    this.#show();
  }

  #changed(row: Row): void {
    this.#rows.set(row);
    this.#tabs.postMessage(row.deviceId);
    this.#show();
  }

  #show(state = this.#state, problem = state === this.#state ? this.#problem : null): void {
    this.#state = state;
    this.#problem = problem;
    const waiting = this.#rows.waiting();
    if (this.#isRead) this.#noteWaiting();
    this.#view = { items: this.#rows.items(), waiting, state, problem };
    for (const listener of this.#listeners) listener();
  }

  #noteWaiting(more = 0): void {
    const { key } = this.#owner;
    noteWaiting(key, more + (this.#isRead ? this.#rows.waiting() : waitingOf(key)));
  }

  /** A failure of the database in words. */
  async #kept<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (cause) {
      if (!(cause instanceof DOMException)) throw cause;
      const code = isFull(cause) ? "device_storage_full" : "device_storage_failed";
      const error = new ApiError(code, cause.message, { retryable: false, cause });
      this.#show("stopped", error);
      throw error;
    }
  }
}

function answerOf({ answer }: NewRecord): Row["answer"] {
  const { status, label, confidence, parents, unknownReason, familiarity, topK } = answer;
  const { width, height, milliseconds } = answer;
  const said = { status, label, confidence, parents, unknownReason, familiarity, topK };
  return { ...said, width, height, milliseconds };
}

function isFull(cause: unknown): boolean {
  return cause instanceof DOMException && cause.name === "QuotaExceededError";
}

/** That the browser does not clear it when its disk is full. */
async function askToKeep(): Promise<void> {
  const storage = navigator.storage as Partial<StorageManager> | undefined;
  await storage?.persist?.().catch(() => false);
}

/** One tab sends at a time; without locks each does, and the cloud still records once. */
async function alone(owner: string, work: () => Promise<void>): Promise<void> {
  const locks = navigator.locks as LockManager | undefined;
  if (locks === undefined) await work();
  else await locks.request(`visionflow-outbox ${owner}`, work);
}
