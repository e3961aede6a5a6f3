import { type Client, createClient } from "visionflow-client";
import { beforeEach, describe, expect, it } from "vitest";

import { merge, readNewer, readPage } from "../../../src/records/feed/feed";
import { FakeApi } from "../../fakeApi";
import { record } from "../../records";

const { signal } = new AbortController();

let fake: FakeApi;
let api: Client;
beforeEach(() => {
  fake = new FakeApi();
  api = createClient({ url: fake.url, fetch: fake.fetch, retries: 0 });
});

const some = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => record(from + index));

describe("merge", () => {
  it("keeps each record once, newest first", () => {
    const ids = merge(some(3, 6), some(0, 4)).map(({ id }) => id);
    expect(ids).toEqual([
      "s3-000005",
      "s3-000004",
      "s3-000003",
      "s3-000002",
      "s3-000001",
      "s3-000000",
    ]);
  });

  it("orders records of the same microsecond by id, as the API does", () => {
    const twin = record(1, { id: "s3-zzz" });
    expect(merge([record(1)], [twin]).map(({ id }) => id)).toEqual(["s3-zzz", "s3-000001"]);
  });

  it("prefers the earlier list, which is the fresher one", () => {
    const [kept] = merge([record(1, { thumbnail_url: "fresh" })], [record(1)]);
    expect(kept?.thumbnail_url).toBe("fresh");
  });
});

describe("readNewer", () => {
  it("finds what arrived, over several pages", async () => {
    fake.records = some(0, 300);
    const found = await readNewer(api, {}, record(49), signal);
    expect(found?.map(({ id }) => id)).toEqual(
      expect.arrayContaining(some(50, 300).map(({ id }) => id)),
    );
  });

  it("finds a record that became visible after a newer one", async () => {
    fake.records = [record(10), record(12)]; // 11 was written late
    fake.records.push(record(11));
    const found = await readNewer(api, {}, record(12), signal);
    expect(found).toContainEqual(record(11));
  });

  it("gives up on more than it can catch up with", async () => {
    fake.records = some(0, 700);
    await expect(readNewer(api, {}, record(0), signal)).resolves.toBeNull();
    expect(fake.count("/logs")).toBe(5);
  });
});

describe("readPage", () => {
  it("goes on over pages in which nothing matched", async () => {
    const pages = [
      { items: [], next_cursor: "a" },
      { items: [], next_cursor: "b" },
      { items: [record(1)], next_cursor: null },
    ];
    const sparse: Client = {
      ...api,
      logs: () => Promise.resolve(pages.shift() ?? { items: [], next_cursor: null }),
    };
    await expect(readPage(sparse, {}, null, signal)).resolves.toMatchObject({ items: [record(1)] });
  });
});

describe("paging down while records arrive", () => {
  it("neither repeats nor loses one of a thousand", async () => {
    fake.records = some(0, 1000);
    const older = [];
    let newer: ReturnType<typeof merge> = [];
    let cursor: string | null = null;
    for (let next = 1000; ; next += 3) {
      const page = await readPage(api, {}, cursor, signal);
      older.push(...page.items);
      fake.records.push(...some(next, next + 3));
      newer = merge((await readNewer(api, {}, newer[0] ?? older[0], signal)) ?? [], newer);
      cursor = page.next_cursor;
      if (cursor === null) break;
    }
    expect(new Set(older.map(({ id }) => id)).size).toBe(older.length);
    expect(merge(newer, older)).toEqual(merge(fake.records));
  });
});
