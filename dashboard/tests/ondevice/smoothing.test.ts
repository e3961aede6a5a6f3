import { expect, it } from "vitest";

import { Smoothing } from "../../src/ondevice/smoothing";

const frame = (first: number, familiarity: number | null = 0.5) => ({
  probabilities: new Float32Array([first, 1 - first]),
  familiarity,
  detail: first,
});

it("takes the first frame as it is, and every other by how long ago the last was", () => {
  const smoothing = new Smoothing();
  expect(smoothing.next(frame(1), 1_000)).toEqual(frame(1));
  const soon = smoothing.next(frame(0, 0.1), 1_033);
  expect(soon.probabilities[0]).toBeCloseTo(Math.exp(-33 / 300), 5);
  expect(soon.familiarity).toBeCloseTo(0.1 + 0.4 * Math.exp(-33 / 300), 5);
  const late = smoothing.next(frame(1), 11_033);
  expect(late.probabilities[0]).toBeCloseTo(1, 5);
});

it("moves equally far in the same time, at any rate of frames", () => {
  const moved = (frames: number) => {
    const smoothing = new Smoothing();
    smoothing.next(frame(0), 0);
    let last = 0;
    for (let n = 1; n <= frames; n++) {
      last = smoothing.next(frame(1), (300 / frames) * n).probabilities[0] ?? 0;
    }
    return last;
  };
  expect(moved(3)).toBeCloseTo(moved(30), 5);
  expect(moved(3)).toBeCloseTo(1 - 1 / Math.E, 5);
});

it("keeps probabilities that sum to one, and forgets the frames before", () => {
  const smoothing = new Smoothing();
  smoothing.next(frame(0.2), 0);
  const { probabilities } = smoothing.next(frame(0.9), 100);
  expect((probabilities[0] ?? 0) + (probabilities[1] ?? 0)).toBeCloseTo(1, 5);
  smoothing.restart();
  expect(smoothing.next(frame(0.3, null), 110)).toEqual(frame(0.3, null));
});
