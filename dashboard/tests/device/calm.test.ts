import { describe, expect, it } from "vitest";

import { calmRows } from "../../src/device/live/calmRows";
import { Feed } from "../../src/device/live/feed";
import { Rate } from "../../src/device/live/rate";
import { Speech } from "../../src/device/live/speech";
import { engineAnswer } from "../engine";

const scores = (table: Record<string, number>) =>
  Object.entries(table).map(([label, confidence]) => ({ label, confidence }));
const order = (before: string[], table: Record<string, number>) =>
  calmRows(before, scores(table)).map(({ label }) => label);

describe("the rows of the bars", () => {
  it("are by confidence at first", () => {
    expect(order([], { cat: 0.6, dog: 0.3, cow: 0.1 })).toEqual(["cat", "dog", "cow"]);
  });

  it("stay while the lead is small, and change where it is clear", () => {
    expect(order(["cat", "dog"], { dog: 0.46, cat: 0.44 })).toEqual(["cat", "dog"]);
    expect(order(["cat", "dog"], { dog: 0.6, cat: 0.3 })).toEqual(["dog", "cat"]);
  });

  it("give the row of a label that has gone to one that is new", () => {
    const next = { cat: 0.5, cow: 0.22, dog: 0.2 };
    expect(order(["cat", "pig", "dog"], next)).toEqual(["cat", "cow", "dog"]);
  });

  it("show each label once, whatever came before", () => {
    const next = { a: 0.3, b: 0.25, c: 0.2, d: 0.15, e: 0.1 };
    for (const before of [[], ["e", "x", "a"], ["v", "w", "x", "y", "z", "u"], ["b", "a"]]) {
      expect(order(before, next).sort()).toEqual(["a", "b", "c", "d", "e"]);
    }
  });
});

describe("speech", () => {
  /** What is said of a label a tenth of a second, from `start` on. */
  function spoken(labels: readonly string[]): [number, string][] {
    const speech = new Speech();
    return labels.flatMap((label, n): [number, string][] => {
      const said = speech.hear(label, n * 100);
      return said === null ? [] : [[n * 100, said]];
    });
  }
  const times = (label: string, n: number) => Array<string>(n).fill(label);

  it("waits until an answer is stable, and says it once", () => {
    expect(spoken(times("cat", 200))).toEqual([[1000, "cat"]]);
  });

  it("never speaks more often than every four seconds", () => {
    const changing = ["cat", "dog", "cow", "pig"].flatMap((label) => times(label, 15));
    const said = spoken([...changing, ...changing, ...changing]);
    expect(said.length).toBeGreaterThan(2);
    const pauses = said.slice(1).map(([at], n) => at - (said[n]?.[0] ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(4000);
  });

  it("does not speak of what flickers", () => {
    const flicker = Array.from({ length: 100 }, (_, n) => (n % 8 < 4 ? "cat" : "dog"));
    expect(spoken(flicker)).toEqual([]);
  });

  it("is silent where the answer comes back before it could be said", () => {
    const labels = [...times("cat", 15), ...times("dog", 15), ...times("cat", 60)];
    expect(spoken(labels)).toEqual([[1000, "cat"]]);
  });
});

describe("answers a second", () => {
  it("are known from the second answer on, and follow a change within two seconds", () => {
    const rate = new Rate();
    expect(rate.count(0)).toBeNull();
    let fast: number | null = null;
    for (let n = 1; n <= 40; n++) fast = rate.count(n * 50);
    expect(fast).toBeCloseTo(20);
    let slow: number | null = null;
    for (let n = 1; n <= 10; n++) slow = rate.count(2000 + n * 500);
    expect(slow).toBeCloseTo(2);
  });
});

describe("the feed", () => {
  it("tells its readers less often than answers come, and always of the newest", () => {
    const feed = new Feed();
    const seen: (string | undefined)[] = [];
    feed.subscribe(() => seen.push(feed.read().answer?.label));
    for (let n = 0; n < 100; n++) feed.tell(engineAnswer({ label: `label ${n}` }), n * 20);
    expect(seen.length).toBeLessThanOrEqual(26);
    expect(seen.length).toBeGreaterThanOrEqual(20);
    expect(seen.at(-1)).toBe("label 96");
    feed.clear();
    expect(feed.read()).toEqual({ answer: null, rows: [], rate: null });
  });
});
