import "fake-indexeddb/auto";

import { beforeEach, describe, expect, it, vi } from "vitest";

import { OutboxDatabase } from "../../src/outbox/database";
import { FakeApi } from "../fakeApi";
import { dataset } from "../fakeDatasets";
import { emptyDevice, jpeg, newRecord, openOutbox } from "./outboxes";

const never = <T>() => new Promise<T>(() => undefined);

/** A page that ends at its `last` step; `when`: before that step is done, or after it. */
class Page {
  readonly ended: Promise<void>;
  #end!: () => void;
  #steps = 0;
  readonly #last: number;
  readonly #when: "before" | "after";

  constructor(last: number, when: "before" | "after") {
    this.#last = last;
    this.#when = when;
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  async step<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#steps += 1;
    const isLast = this.#steps === this.#last;
    if (this.#steps > this.#last || (isLast && this.#when === "before")) {
      this.#end();
      return never();
    }
    const result = await work();
    if (!isLast) return result;
    this.#end();
    return never();
  }
}

beforeEach(() => {
  emptyDevice();
});

async function filled(fake: FakeApi): Promise<string[]> {
  const offline = openOutbox({
    url: fake.url,
    fetch: () => Promise.reject(new TypeError("Failed to fetch")),
  });
  const plain = await offline.add(newRecord(1));
  const labelled = await offline.add(newRecord(2));
  await offline.label(labelled, "dog");
  const imaged = await offline.add(
    newRecord(3, { image: jpeg(), dataset: { name: "pets", label: null } }),
  );
  await offline.label(imaged, null);
  await offline.close();
  return [plain, labelled, imaged];
}

describe("what was made without a network", () => {
  it("arrives once, wherever the page that sends it ends", async () => {
    const change = OutboxDatabase.prototype.change; // eslint-disable-line @typescript-eslint/unbound-method
    let wentThrough = false;
    for (let last = 1; !wentThrough; last += 1) {
      for (const when of ["before", "after"] as const) {
        emptyDevice();
        const fake = new FakeApi();
        fake.datasets.list = [dataset("pets", ["cat", "dog"])];
        const ids = await filled(fake);

        const page = new Page(last, when);
        vi.spyOn(OutboxDatabase.prototype, "change").mockImplementation(function (
          this: OutboxDatabase,
          ...args
        ) {
          return page.step(() => change.apply(this, args));
        });
        const cut = openOutbox({
          url: fake.url,
          fetch: (...request) => page.step(() => fake.fetch(...request)),
        });
        const end = await Promise.race([cut.start(), page.ended.then(() => "ended")]);
        wentThrough = end !== "ended";
        vi.restoreAllMocks();

        const next = openOutbox(fake);
        await next.start();
        const where = `ended ${when} step ${last}`;
        expect(next.view(), where).toMatchObject({ waiting: 0, state: "idle", problem: null });
        expect(fake.records.map(({ id }) => id).sort(), where).toEqual(
          ids.map((id) => `key-${id}`).sort(),
        );
        const said = ids.map((id) =>
          fake.devices.said(new URL(`${fake.url}/predictions/key-${id}/feedback`)),
        );
        expect(said.map((all) => all.map(({ label }) => label))).toEqual([[], ["dog"], [null]]);
        expect(fake.datasets.images, where).toHaveLength(1);
        await next.close();
      }
    }
  });

  it("goes in calls of 25, the oldest first, and twice nothing", async () => {
    const fake = new FakeApi();
    const outbox = openOutbox(fake);
    fake.down = true;
    const ids: string[] = [];
    for (let n = 0; n < 60; n += 1) ids.push(await outbox.add(newRecord(n % 60)));
    fake.down = false;
    await outbox.send();
    await outbox.send();
    expect(fake.devices.batches).toEqual([25, 25, 10]);
    expect([...fake.devices.came.keys()]).toEqual(ids);
    expect(new Set(fake.devices.came.values())).toEqual(new Set([1]));
    expect(outbox.view().items.map(({ state }) => state)).toEqual(ids.map(() => "sent"));
    await outbox.close();
  });

  it("has the bytes of its image, and keeps them no longer than needed", async () => {
    const fake = new FakeApi();
    const outbox = openOutbox(fake);
    const id = await outbox.add(newRecord(1, { image: jpeg(), thumbnail: jpeg() }));
    await outbox.send();
    const [request] = fake.requests.filter(({ url }) => url.includes("/predict?"));
    const sent = (await request?.text()) ?? "";
    expect(sent).toContain('"origin":"browser"');
    expect(sent).toContain('"model":"starter/1.0.0"');
    expect(sent).toContain(`"device_id":"${id}"`);
    const database = new OutboxDatabase();
    expect(await database.image(id)).toBeUndefined();
    await database.close();
    const [item] = outbox.view().items;
    expect(item).toMatchObject({ state: "sent", id: `key-${id}`, hasImage: true });
    expect(item?.thumbnail?.size).toBe(6);
    await outbox.close();
  });

  it("is sent by one tab, also where two are open", async () => {
    let asked = 0;
    let holder = Promise.resolve();
    const request = (_: string, work: () => Promise<void>) => {
      asked += 1;
      holder = holder.then(work);
      return holder;
    };
    const fake = new FakeApi();
    await filled(fake);
    vi.stubGlobal("navigator", { onLine: true, locks: { request } });
    fake.datasets.list = [dataset("pets", [])];
    fake.delay = 30; // the other tab asks meanwhile
    const tabs = [openOutbox(fake), openOutbox(fake)];
    await Promise.all(tabs.map((tab) => tab.start()));
    expect(asked).toBeGreaterThan(1);
    expect(fake.records).toHaveLength(3);
    expect([...fake.devices.came.values()]).toEqual([1, 1, 1]);
    await vi.waitFor(() => {
      for (const tab of tabs) {
        expect(tab.view().items.map(({ state }) => state)).toEqual(["sent", "sent", "sent"]);
      }
    });
    await Promise.all(tabs.map((tab) => tab.close()));
  });

  it("takes a label after the record was sent, and each change of mind once", async () => {
    const fake = new FakeApi();
    const outbox = openOutbox(fake);
    const id = await outbox.add(newRecord(1));
    await outbox.send();
    await outbox.label(id, "dog");
    await outbox.send();
    await outbox.label(id, "cat");
    await outbox.send();
    const said = fake.devices.said(new URL(`${fake.url}/predictions/key-${id}/feedback`));
    expect(said.map(({ label }) => label)).toEqual(["dog", "cat"]);
    expect(outbox.view().items[0]).toMatchObject({ state: "sent", feedback: { label: "cat" } });
    await outbox.close();
  });
});
