import "fake-indexeddb/auto";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "visionflow-client";

import { OutboxDatabase } from "../../src/outbox/database";
import { waitingOf } from "../../src/outbox/flag";
import { type Outbox, MOST_SENT, SENT_KEPT_MS } from "../../src/outbox/outbox";
import { Schedule } from "../../src/outbox/schedule";
import { FakeApi, problem } from "../fakeApi";
import { dataset } from "../fakeDatasets";
import { emptyDevice, jpeg, newRecord, openOutbox } from "./outboxes";

let fake: FakeApi;
let outbox: Outbox;
beforeEach(() => {
  emptyDevice();
  fake = new FakeApi();
  outbox = openOutbox(fake);
});
afterEach(async () => {
  await outbox.close();
});

const states = () => outbox.view().items.map(({ state }) => state);
const answer = (label: string) => ({ ...newRecord(1).answer, label });

function tooMany(code: string, after: number): Response {
  const { status, headers } = problem(429, code);
  const body = JSON.stringify({ code, detail: "", retryable: true });
  const said = { ...Object.fromEntries(headers), "Retry-After": String(after) };
  return new Response(body, { status, headers: said });
}

describe("what cannot be sent", () => {
  it("waits without a network, and goes when the browser says that there is one", async () => {
    fake.down = true;
    await outbox.start();
    await outbox.add(newRecord(1));
    await outbox.send();
    expect(outbox.view()).toMatchObject({ state: "offline", waiting: 1, problem: null });
    const tries = fake.requests.length;
    await outbox.add(newRecord(2)); // each new record does not try in vain
    expect(fake.requests).toHaveLength(tries);
    fake.down = false;
    window.dispatchEvent(new Event("online"));
    await vi.waitFor(() => {
      expect(outbox.view()).toMatchObject({ state: "idle", waiting: 0 });
    });
    expect(states()).toEqual(["sent", "sent"]);
  });

  it("is tried again by itself, later and later", async () => {
    vi.useFakeTimers();
    vi.spyOn(Math, "random").mockReturnValue(1);
    const wake = vi.fn();
    const schedule = new Schedule(wake);
    const waits: number[] = [];
    for (let failure = 0; failure < 10; failure += 1) {
      schedule.failed(new ApiError("network_error", ""));
      const before = Date.now();
      await vi.advanceTimersToNextTimerAsync();
      waits.push((Date.now() - before) / 1000);
    }
    expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    expect(wake).toHaveBeenCalledTimes(10);
    schedule.done();
    schedule.failed(new ApiError("unauthorized", "", { status: 401 }));
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(["quota_exceeded", "budget_stopped"])("pauses at %s as long as it says", async (code) => {
    await outbox.start();
    fake.failing = (path) => (path === "/predictions" ? tooMany(code, 600) : null);
    await outbox.add(newRecord(1));
    await outbox.send();
    expect(outbox.view()).toMatchObject({ state: "stopped", waiting: 1, problem: { code } });
    const tries = fake.requests.length;
    window.dispatchEvent(new Event("online"));
    document.dispatchEvent(new Event("visibilitychange"));
    await outbox.add(newRecord(2));
    expect(fake.requests).toHaveLength(tries);
    fake.failing = null;
    await outbox.send(); // a person may try
    expect(states()).toEqual(["sent", "sent"]);
  });

  it("waits for the sign-in once that has ended", async () => {
    const signedOut = openOutbox(fake, {}, () =>
      Promise.reject(new ApiError("unauthorized", "", { status: 401 })),
    );
    await signedOut.add(newRecord(1));
    await signedOut.send();
    expect(signedOut.view()).toMatchObject({ state: "stopped", problem: { code: "unauthorized" } });
    expect(fake.requests).toEqual([]);
    await signedOut.close();
    await outbox.start(); // signed in again
    expect(states()).toEqual(["sent"]);
  });

  it("keeps the reason of its refusal, and stops no other", async () => {
    fake.devices.refused.add("unicorn");
    const kept = await outbox.add(newRecord(1, { answer: answer("unicorn") }));
    await outbox.add(newRecord(2));
    const image = await outbox.add(newRecord(3, { answer: answer("unicorn"), image: jpeg() }));
    await outbox.add(newRecord(4, { image: jpeg() }));
    await outbox.send();
    expect(states()).toEqual(["sent", "refused", "sent", "refused"]);
    expect(outbox.view()).toMatchObject({ waiting: 0, state: "idle" });
    expect(outbox.view().items.flatMap(({ error }) => error?.code ?? [])).toEqual([
      "invalid_image",
      "invalid_parameter",
    ]);
    await outbox.discard(kept);
    fake.devices.refused.clear();
    await outbox.retry(image);
    await outbox.send();
    expect(states()).toEqual(["sent", "sent", "sent"]);
  });

  it("is found one by one where a whole call is refused", async () => {
    fake.down = true;
    for (let n = 1; n <= 3; n += 1) await outbox.add(newRecord(n));
    await outbox.send();
    fake.down = false;
    const before = fake.requests.length;
    const isFirst = () => fake.requests.length === before + 1;
    fake.failing = () => (isFirst() ? problem(400, "invalid_body") : null);
    await outbox.send();
    expect(fake.devices.batches).toEqual([1, 1, 1]);
    expect(states()).toEqual(["sent", "sent", "sent"]);
  });

  it("by a fault of one image lets the others go, and is tried again", async () => {
    const bad = new Set<string>();
    fake.failing = (path) => (bad.has(path) ? problem(500, "internal_error") : null);
    const first = await outbox.add(newRecord(1));
    await outbox.send();
    bad.add(`/predictions/key-${first}/feedback`);
    await outbox.label(first, "dog");
    const second = await outbox.add(newRecord(2, { image: jpeg() }));
    await outbox.send();
    expect(outbox.view().items).toMatchObject([
      { deviceId: second, state: "sent" },
      { deviceId: first, state: "waiting", id: `key-${first}` },
    ]);
    expect(outbox.view()).toMatchObject({ state: "stopped", problem: { code: "internal_error" } });
    bad.clear();
    await outbox.send();
    expect(states()).toEqual(["sent", "sent"]);
  });

  it("into a dataset by somebody who may only record is told, and the record is there", async () => {
    fake.datasets.list = [dataset("pets", [])];
    fake.failing = (path) => (path.startsWith("/datasets") ? problem(403, "forbidden") : null);
    await outbox.add(newRecord(1, { image: jpeg(), dataset: { name: "pets", label: null } }));
    await outbox.add(newRecord(2));
    await outbox.send();
    expect(states()).toEqual(["sent", "refused"]);
    expect(outbox.view().items[1]).toMatchObject({ error: { code: "forbidden" } });
    expect(fake.records).toHaveLength(2);
  });

  it("goes without its image where the consent is taken back meanwhile", async () => {
    fake.down = true;
    fake.datasets.list = [dataset("pets", [])];
    const to = { name: "pets", label: null };
    const sent = await outbox.add(newRecord(1, { image: jpeg(), dataset: to }));
    await outbox.label(sent, "dog");
    const tab = openOutbox(fake); // which has not read what is here
    await tab.withhold();
    await tab.close();
    const database = new OutboxDatabase();
    expect(await database.image(sent)).toBeUndefined();
    await database.close();
    fake.down = false;
    await outbox.send();
    expect(outbox.view().items).toMatchObject([
      { state: "sent", hasImage: false, feedback: { label: "dog" } },
    ]);
    expect(fake.devices.batches).toEqual([1]);
    expect(fake.requests.filter(({ url }) => url.includes("/datasets"))).toEqual([]);
  });

  it("is sent without its image, and once, where that is withheld while others are sent", async () => {
    fake.down = true;
    const ids = [1, 2].map((n) => outbox.add(newRecord(n, { image: jpeg() })));
    await Promise.all(ids);
    await outbox.send();
    fake.down = false;
    let withheld: Promise<void> | undefined;
    fake.failing = (path) => {
      if (path.startsWith("/predict?")) withheld ??= outbox.withhold();
      return withheld ? withheld.then(() => null) : null;
    };
    await outbox.send();
    expect(states()).toEqual(["sent", "sent"]);
    // The first was on its way already.
    expect(outbox.view().items.map(({ hasImage }) => hasImage)).toEqual([false, true]);
    expect([...fake.devices.came.values()]).toEqual([1, 1]);
  });

  it("is the caller's alone: nobody else sees or sends it", async () => {
    await outbox.start();
    fake.down = true;
    await outbox.add(newRecord(1));
    await outbox.send();
    fake.down = false;
    const other = openOutbox(fake, { id: "user:2" });
    await other.start();
    expect(other.view().items).toEqual([]);
    expect(fake.records).toEqual([]);
    await other.close();
    expect(waitingOf(`${fake.url} user:1`)).toBe(1);
    await outbox.send();
    expect(waitingOf(`${fake.url} user:1`)).toBe(0);
    expect(fake.records).toHaveLength(1);
  });
});

it("says that it took some time, also where the browser hides its clock", async () => {
  const hidden = { ...answer("cat"), milliseconds: { decode: 0, prepare: 0, infer: 0 } };
  await outbox.add(newRecord(1, { answer: hidden }));
  await outbox.send();
  const [sent] = fake.requests.filter(({ url }) => url.endsWith("/predictions"));
  expect(await sent?.json()).toMatchObject({ records: [{ milliseconds: 1 }] });
});

describe("the room on the device", () => {
  const full = () => new DOMException("no room", "QuotaExceededError");

  it("is asked to be kept", async () => {
    const persist = vi.fn(() => Promise.resolve(true));
    vi.stubGlobal("navigator", { onLine: true, storage: { persist } });
    await outbox.add(newRecord(1));
    expect(persist).toHaveBeenCalled();
  });

  it("is made by what was sent; where there is none that is told", async () => {
    await outbox.add(newRecord(1));
    await outbox.send();
    expect(states()).toEqual(["sent"]);
    const add = vi.spyOn(OutboxDatabase.prototype, "add").mockRejectedValueOnce(full());
    await outbox.add(newRecord(2));
    expect(outbox.view().items).toHaveLength(1);
    add.mockRejectedValue(full());
    await expect(outbox.add(newRecord(3))).rejects.toMatchObject({ code: "device_storage_full" });
    const problem = { code: "device_storage_full" };
    expect(outbox.view()).toMatchObject({ state: "stopped", problem });
    expect(outbox.view().items).toHaveLength(1);
  });

  it("has the newest of what was sent for a while", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2026-03-01T09:00:00Z") });
    for (let n = 0; n < MOST_SENT + 5; n += 1) await outbox.add(newRecord(n % 60));
    await outbox.send();
    expect(outbox.view().items).toHaveLength(MOST_SENT);
    vi.setSystemTime(Date.now() + SENT_KEPT_MS + 60_000);
    await outbox.add(newRecord(1));
    await outbox.send();
    expect(outbox.view().items).toHaveLength(1);
    const database = new OutboxDatabase();
    expect(await database.rows(`${fake.url} user:1`)).toHaveLength(1);
    await database.close();
  });

  it("that cannot be read is told, and looked at again", async () => {
    await outbox.add(newRecord(1));
    await outbox.close();
    const rows = vi.spyOn(OutboxDatabase.prototype, "rows");
    rows.mockRejectedValueOnce(new DOMException("denied", "SecurityError"));
    const next = openOutbox(fake);
    await next.start();
    const problem = { code: "device_storage_failed" };
    expect(next.view()).toMatchObject({ state: "stopped", problem });
    await next.send();
    expect(next.view()).toMatchObject({ state: "idle", problem: null, items: [{}] });
    await next.close();
  });

  it("takes no image that cannot be sent directly", async () => {
    const large = new Blob([new Uint8Array(4_400_001)]);
    await expect(outbox.add(newRecord(1, { image: large }))).rejects.toMatchObject({
      code: "body_too_large",
    });
  });
});
