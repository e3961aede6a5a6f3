import { describe, expect, it } from "vitest";

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
