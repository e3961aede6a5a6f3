import { ApiError } from "visionflow-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Outcome } from "../../../src/predict/queue/classify";
import { type Item, PredictQueue } from "../../../src/predict/queue/queue";
import { answer } from "../../records";

const OUTCOME: Outcome = { prediction: answer(), roundTripMs: 5, throughBucket: false };
const files = (count: number) =>
  Array.from({ length: count }, (_, index) => new File(["x"], `${index}.jpg`));
const settle = () => new Promise((resolve) => setTimeout(resolve));

/** Classifies when told to. */
function slow() {
  const waiting: { item: Item; finish: (outcome: Outcome) => void; fail: (e: Error) => void }[] =
    [];
  const queue = new PredictQueue(
    (item) =>
      new Promise((finish, fail) => {
        waiting.push({ item, finish, fail });
      }),
  );
  return { queue, waiting };
}

describe("the queue of images", () => {
  it("classifies two at a time, in the order in which they came", async () => {
    const { queue, waiting } = slow();
    queue.add(files(4));
    expect(waiting.map(({ item }) => item.file.name)).toEqual(["0.jpg", "1.jpg"]);
    waiting[0]?.finish(OUTCOME);
    await settle();
    expect(waiting.map(({ item }) => item.file.name)).toEqual(["0.jpg", "1.jpg", "2.jpg"]);
    expect(queue.items().map(({ state }) => state)).toEqual([
      "done",
      "working",
      "working",
      "waiting",
    ]);
  });

  it("goes on after a failure, which can be tried again under the same key", async () => {
    const { queue, waiting } = slow();
    const first = queue.add(files(1));
    waiting[0]?.fail(new Error("no"));
    await settle();
    expect(queue.items()[0]).toMatchObject({ state: "failed", error: new Error("no") });
    queue.retry(first?.id ?? "");
    expect(waiting[1]?.item.id).toBe(first?.id);
    waiting[1]?.finish(OUTCOME);
    await settle();
    expect(queue.items()[0]).toMatchObject({ state: "done", error: null });
  });

  it("forgets everything when it is cleared, and starts nothing more", async () => {
    const { queue, waiting } = slow();
    queue.add(files(3));
    queue.clear();
    waiting[0]?.finish(OUTCOME);
    await settle();
    expect(queue.items()).toEqual([]);
    expect(waiting).toHaveLength(2);
  });
});

describe("a quota that is used up", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const quota = (seconds: number | null, code = "quota_exceeded") =>
    new ApiError(code, "", {
      status: 429,
      retryAt: seconds === null ? null : Date.now() + seconds * 1000,
    });
  const advance = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  it("for the minute holds the list, which goes on by itself", async () => {
    const { queue, waiting } = slow();
    queue.add(files(3));
    waiting[0]?.fail(quota(40));
    waiting[1]?.finish(OUTCOME);
    await advance(0);
    expect(queue.pause()?.resumesAt).toBe(Date.now() + 40_000);
    expect(queue.items().map(({ state }) => state)).toEqual(["waiting", "done", "waiting"]);
    await advance(39_000);
    expect(waiting).toHaveLength(2);
    await advance(1_000);
    expect(queue.pause()).toBeNull();
    expect(waiting.slice(2).map(({ item }) => item.file.name)).toEqual(["0.jpg", "2.jpg"]);
    expect(waiting[2]?.item.id).toBe(waiting[0]?.item.id);
  });

  it.each([
    ["for the month", quota.bind(null, 86_400)],
    ["without an end", quota.bind(null, null)],
    ["of the budget", quota.bind(null, 5, "budget_stopped")],
  ])("%s stops the list until somebody goes on", async (_, error) => {
    const { queue, waiting } = slow();
    queue.add(files(3));
    waiting[0]?.fail(error());
    waiting[1]?.finish(OUTCOME);
    await advance(7 * 86_400_000);
    expect(queue.pause()?.resumesAt).toBeNull();
    expect(waiting).toHaveLength(2);
    queue.resume();
    expect(waiting).toHaveLength(4);
  });

  it("is forgotten with the list", async () => {
    const { queue, waiting } = slow();
    queue.add(files(1));
    waiting[0]?.fail(quota(40));
    await advance(0);
    queue.clear();
    expect(queue.pause()).toBeNull();
    queue.add(files(1));
    expect(waiting).toHaveLength(2);
    await advance(60_000);
    expect(waiting).toHaveLength(2);
  });
});
