import { expect, it } from "vitest";

import { atThreshold, mergedBins } from "../../../src/accuracy/curves/confidence";
import { answeredOf } from "../../../src/accuracy/report/interval";
import { wilson } from "../../../src/ui/interval/wilson";
import written from "../../data/report.json";

const bin = (low: number, images: number, accuracy: number) => ({
  low,
  high: low + 0.1,
  images,
  confidence: low,
  accuracy,
});

it("bins with few answers are merged over the empty ones between them", () => {
  const merged = mergedBins([bin(0.1, 4, 0.5), bin(0.2, 4, 1), bin(0.6, 2, 0), bin(0.8, 30, 1)]);
  expect(merged.map(({ images }) => images)).toEqual([10, 30]);
  expect(merged[0]).toMatchObject({ low: 0.1, high: 0.7 });
  expect(merged[0]?.accuracy).toBeCloseTo(0.6);
  expect(mergedBins([bin(0.1, 20, 1), bin(0.5, 3, 0)]).map(({ images }) => images)).toEqual([23]);
  expect(mergedBins([bin(0.1, 1, 1)])).toHaveLength(1);
  expect(mergedBins([])).toEqual([]);
});

it("a threshold stands where the first answer reaches it", () => {
  const curve = { threshold: [0.3, 0.6, 0.9], coverage: [1, 0.75, 0.25], accuracy: [0.5, 0.6, 1] };
  expect(atThreshold(curve, 0)).toEqual({ coverage: 1, accuracy: 0.5 });
  expect(atThreshold(curve, 0.61)).toEqual({ coverage: 0.25, accuracy: 1 });
  expect(atThreshold(curve, 0.95)).toBeNull();
});

it("shares of the test images count groups of similar images once", () => {
  const { known, right } = answeredOf(written.test);
  const { images, groups } = written.test;
  expect(known).toEqual({
    share: written.test.known,
    n: images,
    interval: wilson(written.test.known, groups),
  });
  expect(right?.n).toBe(Math.round(written.test.known * images));
  expect(answeredOf({ ...written.test, known: 0 }).right).toBeNull();
  // 9 of 10, as `tests/unit/visionflow/insights/test_intervals.py` has it.
  expect(wilson(0.9, 10).low).toBeCloseTo(0.5958, 3);
  expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
});
