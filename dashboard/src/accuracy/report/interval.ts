import type { Evaluation, Interval } from "visionflow-client";

import { wilson } from "../../ui/interval/wilson";

/** A share of some of the test images: similar ones count as one, as in `Evaluation`. */
export interface Answered {
  share: number;
  n: number;
  interval: Interval;
}

/** How many test images are recognised, and how many of these correctly; `null` for none. */
export function answeredOf(test: Evaluation): { known: Answered; right: Answered | null } {
  const { images, known, known_top1: right, groups = images } = test;
  const of = (share: number, n: number): Answered => ({
    share,
    n,
    interval: wilson(share, Math.round((n * groups) / images)),
  });
  const answered = Math.round(known * images);
  return { known: of(known, images), right: answered > 0 ? of(right, answered) : null };
}
