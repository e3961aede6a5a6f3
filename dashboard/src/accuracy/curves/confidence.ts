import type { Findings, Reliability } from "visionflow-client";

import { FEW_IMAGES } from "../../config/limits";

type Bin = Reliability["bins"][number];
type Coverage = Findings["calibration"]["coverage"];

/** Neighbouring bins taken together until each has enough answers (`merged_bins` of training). */
export function mergedBins(bins: readonly Bin[], least = FEW_IMAGES): Bin[] {
  const merged: Bin[] = [];
  for (const bin of bins) {
    const last = merged.at(-1);
    if (last && last.images < least) merged.splice(-1, 1, together(last, bin));
    else merged.push(bin);
  }
  const [before, last] = merged.slice(-2);
  if (before && last && last.images < least) merged.splice(-2, 2, together(before, last));
  return merged;
}

function together(lower: Bin, upper: Bin): Bin {
  const images = lower.images + upper.images;
  const mean = (of: "confidence" | "accuracy") =>
    (lower[of] * lower.images + upper[of] * upper.images) / images;
  return {
    low: lower.low,
    high: upper.high,
    images,
    confidence: mean("confidence"),
    accuracy: mean("accuracy"),
  };
}

/** The curve at a threshold; nothing where no answer reaches it. */
export function atThreshold({ threshold, coverage, accuracy }: Coverage, used: number) {
  const place = threshold.findIndex((one) => one >= used);
  const [named, right] = [coverage[place], accuracy[place]];
  return named === undefined || right === undefined ? null : { coverage: named, accuracy: right };
}
