import { IDBFactory } from "fake-indexeddb";
import { createClient } from "visionflow-client";

import { Outbox } from "../../src/outbox/outbox";
import type { NewRecord } from "../../src/outbox/record";
import type { FakeApi } from "../fakeApi";

/** Nothing of the tests before is on this device. */
export function emptyDevice(): void {
  globalThis.indexedDB = new IDBFactory();
}

export function newRecord(n: number, changes: Partial<NewRecord> = {}): NewRecord {
  return {
    answer: {
      status: "ok",
      label: "cat",
      confidence: 0.9,
      parents: [],
      unknownReason: null,
      familiarity: null,
      topK: [{ label: "cat", confidence: 0.9 }],
      width: 640,
      height: 480,
      milliseconds: { decode: 1, prepare: 2, infer: 3 },
    },
    model: { name: "starter", version: "1.0.0" },
    madeAt: `2026-03-01T09:00:${String(n).padStart(2, "0")}.000Z`,
    filename: `photo-${n}.jpg`,
    image: null,
    thumbnail: null,
    dataset: null,
    ...changes,
  };
}

export function jpeg(): Blob {
  return new Blob([new Uint8Array([0xff, 0xd8, 0xff, 1, 2, 3])], { type: "image/jpeg" });
}

/** The outbox of a page that was just opened, as `id` uses it. */
export function openOutbox(
  fake: Pick<FakeApi, "fetch" | "url">,
  { id = "user:1", name = "anonymous" } = {},
  token?: () => Promise<string | null>,
): Outbox {
  const { url, fetch } = fake;
  const api = createClient({ url, fetch, retries: 0, ...(token && { token }) });
  return new Outbox(api, { key: `${url} ${id}`, name });
}
