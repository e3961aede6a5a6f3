import type { Interval } from "visionflow-client";

/** Two-sided 95% of the normal distribution. */
const Z = 1.959964;

/** Wilson's score interval, as in `visionflow/insights/intervals.py`. */
export function wilson(share: number, n: number): Interval {
  if (n === 0) return { low: 0, high: 1 };
  const z2 = Z * Z;
  const centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z / (1 + z2 / n)) * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n));
  return { low: Math.max(centre - half, 0), high: Math.min(centre + half, 1) };
}
