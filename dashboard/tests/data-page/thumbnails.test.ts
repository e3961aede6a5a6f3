import { createClient, MOST_THUMBNAILS } from "visionflow-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Thumbnails } from "../../src/data/grid/thumbnails";

const hashes = (count: number) => Array.from({ length: count }, (_, n) => `hash${n}`);

/** Requests stay open until the test answers them, in any order. */
function opened() {
  const waiting: { asked: string[]; succeed: () => void; fail: () => void; end: () => void }[] = [];
  const fetch = (request: Request) =>
    new Promise<Response>((resolve, reject) => {
      const asked = new URL(request.url).searchParams.get("images")?.split(",") ?? [];
      waiting.push({
        asked,
        succeed: () => {
          const items = Object.fromEntries(asked.map((hash) => [hash, `data:${hash}`]));
          resolve(Response.json({ items }));
        },
        fail: () => {
          reject(new TypeError("no connection"));
        },
        end: () => {
          const body = { code: "dataset_missing", detail: "There is no dataset fruit." };
          resolve(Response.json(body, { status: 404 }));
        },
      });
    });
  const api = createClient({
    url: "http://api.test",
    fetch: fetch as typeof globalThis.fetch,
    retries: 0,
  });
  const thumbnails = new Thumbnails(api, "fruit");
  const shown = vi.fn();
  const leave = thumbnails.subscribe(shown);
  const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);
  return { waiting, thumbnails, shown, leave, pass };
}

describe("the thumbnails of what is visible", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("are shown as each request is answered, while a slow one is still open", async () => {
    const { waiting, thumbnails, shown, pass } = opened();
    const visible = hashes(3 * MOST_THUMBNAILS);
    thumbnails.want(visible);
    await pass(50);
    expect(waiting).toHaveLength(2);
    waiting[1]?.succeed();
    await pass(1);
    expect(shown).toHaveBeenCalledTimes(1);
    expect(thumbnails.get(`hash${MOST_THUMBNAILS}`)).toBe(`data:hash${MOST_THUMBNAILS}`);
    expect(thumbnails.get("hash0")).toBeNull();
    // The rest goes on beside the slow one.
    expect(waiting).toHaveLength(3);
    waiting[2]?.succeed();
    waiting[0]?.succeed();
    await pass(1);
    expect(visible.filter((hash) => thumbnails.get(hash) === null)).toEqual([]);
    expect(waiting).toHaveLength(3);
  });

  it("are asked for again by themselves after a failure, more and more seldom", async () => {
    const { waiting, thumbnails, shown, pass } = opened();
    // As the grid does: it says what it shows each time it is told of a change.
    shown.mockImplementation(() => {
      thumbnails.want(["hash0"]);
    });
    thumbnails.want(["hash0"]);
    await pass(50);
    for (const pauseMs of [1_000, 2_000, 4_000]) {
      const before = waiting.length;
      waiting.at(-1)?.fail();
      await pass(pauseMs - 100);
      expect(waiting).toHaveLength(before);
      await pass(100);
      expect(waiting).toHaveLength(before + 1);
    }
    waiting.at(-1)?.succeed();
    await pass(1);
    expect(thumbnails.get("hash0")).toBe("data:hash0");
  });

  it("are not asked for once they are out of sight", async () => {
    const { waiting, thumbnails, pass } = opened();
    thumbnails.want(hashes(10));
    thumbnails.want(["seen"]);
    await pass(50);
    expect(waiting.map(({ asked }) => asked)).toEqual([["seen"]]);
  });

  it.each(["fail", "succeed"] as const)(
    "are not asked for after the page was left while a request was open (%s)",
    async (how) => {
      const { waiting, thumbnails, leave, pass } = opened();
      thumbnails.want(hashes(3 * MOST_THUMBNAILS));
      await pass(50);
      leave();
      for (const request of [...waiting]) request[how]();
      await pass(300_000);
      expect(waiting).toHaveLength(2);
    },
  );

  it("are asked for when the page is shown again", async () => {
    const { waiting, thumbnails, shown, leave, pass } = opened();
    thumbnails.want(["hash0"]);
    await pass(50);
    leave();
    waiting[0]?.fail();
    await pass(10_000);
    thumbnails.subscribe(shown);
    thumbnails.want(["hash0"]);
    await pass(50);
    expect(waiting).toHaveLength(2);
  });

  it("are not asked for again once the dataset is deleted", async () => {
    const { waiting, thumbnails, shown, pass } = opened();
    shown.mockImplementation(() => {
      thumbnails.want(["hash0"]);
    });
    thumbnails.want(["hash0"]);
    await pass(50);
    waiting[0]?.end();
    await pass(300_000);
    expect(waiting).toHaveLength(1);
    expect(shown).toHaveBeenCalledTimes(1);
  });
});
