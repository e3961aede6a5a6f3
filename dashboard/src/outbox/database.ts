import { type DBSchema, type IDBPDatabase, openDB } from "idb";

import type { Bytes, Row } from "./record";

interface Schema extends DBSchema {
  records: { key: string; value: Row; indexes: { owner: string } };
  images: { key: string; value: Bytes };
}

const NAME = "visionflow-outbox";
const VERSION = 1;

/**
 * What this device keeps until it is sent. Each method is one transaction, so that a page that is
 * closed in between has done all of it or nothing.
 */
export class OutboxDatabase {
  #open: Promise<IDBPDatabase<Schema>> | null = null;

  /** The oldest first. */
  async rows(owner: string): Promise<Row[]> {
    const rows = await this.#do((db) => db.getAllFromIndex("records", "owner", owner));
    return rows.sort((a, b) => a.addedAt - b.addedAt || (a.deviceId < b.deviceId ? -1 : 1));
  }

  row(deviceId: string): Promise<Row | undefined> {
    return this.#do((db) => db.get("records", deviceId));
  }

  image(deviceId: string): Promise<Bytes | undefined> {
    return this.#do((db) => db.get("images", deviceId));
  }

  add(row: Row, image: Bytes | null): Promise<void> {
    return this.#do(async (db) => {
      const change = db.transaction(["records", "images"], "readwrite");
      await Promise.all([
        change.objectStore("records").add(row),
        image && change.objectStore("images").add(image, row.deviceId),
        change.done,
      ]);
    });
  }

  /**
   * Changes what is there now, whoever changed it last; undefined where it is gone. The image goes
   * once the cloud has it, or is not to have it.
   */
  change(deviceId: string, changes: (row: Row) => Partial<Row>): Promise<Row | undefined> {
    return this.#do(async (db) => {
      const change = db.transaction(["records", "images"], "readwrite");
      const records = change.objectStore("records");
      const before = await records.get(deviceId);
      const after = before && { ...before, ...changes(before) };
      const isNeeded = after?.hasImage === true && after.id === null;
      await Promise.all([
        after && records.put(after),
        !isNeeded && change.objectStore("images").delete(deviceId),
        change.done,
      ]);
      return after;
    });
  }

  remove(deviceIds: readonly string[]): Promise<void> {
    return this.#do(async (db) => {
      const change = db.transaction(["records", "images"], "readwrite");
      await Promise.all([
        ...deviceIds.map((id) => change.objectStore("records").delete(id)),
        ...deviceIds.map((id) => change.objectStore("images").delete(id)),
        change.done,
      ]);
    });
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    (await open?.catch(() => null))?.close();
  }

  async #do<Result>(work: (db: IDBPDatabase<Schema>) => Promise<Result>): Promise<Result> {
    try {
      return await work(await this.#opened());
    } catch (cause) {
      // Browsers end connections of pages in the background: a second one is as good.
      if (!(cause instanceof DOMException && cause.name === "InvalidStateError")) throw cause;
      await this.close();
      return work(await this.#opened());
    }
  }

  #opened(): Promise<IDBPDatabase<Schema>> {
    const forget = () => {
      this.#open = null;
    };
    this.#open ??= openDB<Schema>(NAME, VERSION, {
      upgrade(db) {
        db.createObjectStore("records", { keyPath: "deviceId" }).createIndex("owner", "owner");
        db.createObjectStore("images");
      },
      // A later release of the page waits in another tab.
      blocking: (_, __, event) => {
        forget();
        (event.target as IDBDatabase).close();
      },
      terminated: forget,
    }).catch((cause: unknown) => {
      forget();
      throw cause;
    });
    return this.#open;
  }
}

export async function bytesOf(blob: Blob): Promise<Bytes> {
  return { bytes: await blob.arrayBuffer(), type: blob.type };
}
