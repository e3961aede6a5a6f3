import { describe, expect, it } from "vitest";

import { labelMix, liveNumbers, namedOf, quantile } from "../../src/live/numbers";
import { record } from "../records";

const NOW = Date.parse("2026-03-01T10:00:00Z");
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
const at = (n: number, seconds: number, changes = {}) =>
  record(n, { created_at: ago(seconds), ...changes });

describe("live numbers", () => {
  it("count what came in the last five minutes", () => {
    const rows = [at(4, 10), at(3, 100), at(2, 290), at(1, 400)];
    expect(liveNumbers(rows, NOW, true).perMinute).toBeCloseTo(3 / 5);
  });

  it("take the time that is covered where more came than are known", () => {
    const rows = [at(3, 10), at(2, 20), at(1, 30)];
    expect(liveNumbers(rows, NOW, false).perMinute).toBeCloseTo(6);
  });

  it("give the latency of answers only, and the shares of all", () => {
    const rows = [
      at(4, 1, { timings: { infer: 30 } }),
      at(3, 2, { status: "unknown", timings: { infer: 10 } }),
      at(2, 3, { timings: { infer: 20 } }),
      at(1, 4, { status: "failed", timings: { infer: 900 } }),
    ];
    expect(liveNumbers(rows, NOW, true)).toMatchObject({
      p50: 20,
      p95: 30,
      unknown: 0.25,
      failed: 0.25,
    });
  });

  it("put each arrival into its slot, the latest last", () => {
    const { arrivals } = liveNumbers([at(3, 1), at(2, 2), at(1, 15)], NOW, true);
    expect(arrivals).toHaveLength(30);
    expect(arrivals.slice(-2)).toEqual([1, 2]);
  });

  it("are unknown rather than zero without a record", () => {
    expect(liveNumbers([], NOW, true)).toMatchObject({ p50: null, unknown: null, perMinute: 0 });
  });
});

describe("the label mix", () => {
  const dog = { label: "dog", parents: ["animal"] };
  const tench = { label: "tench", parents: ["animal", "fish"] };
  const car = { label: "car", parents: [] };

  it("counts what was named, without what was not", () => {
    const rows = [at(3, 1), at(2, 2, { status: "unknown" }), at(1, 3, { status: "failed" })];
    expect(labelMix(namedOf(rows), null)).toEqual([{ label: "cat", count: 1, share: 1 }]);
  });

  it("counts the parents of a level, and labels that are not so deep as themselves", () => {
    const rows = [dog, tench, car].map((changes, n) => at(n, n, changes));
    const names = (level: number | null) =>
      labelMix(namedOf(rows), level).map(({ label, count }) => `${label} ${count}`);
    expect(names(0)).toEqual(["animal 2", "car 1"]);
    expect(names(1)).toEqual(["car 1", "dog 1", "fish 1"]);
    expect(names(null)).toEqual(["car 1", "dog 1", "tench 1"]);
  });
});

describe("quantile", () => {
  it("is a value that occurred", () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2);
    expect(quantile([1, 2, 3, 4], 0.95)).toBe(4);
    expect(quantile([], 0.5)).toBeNull();
  });
});
