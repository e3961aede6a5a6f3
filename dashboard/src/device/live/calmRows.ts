import type { Score } from "visionflow-client";

/** A label moves up past another only when it leads by this much. */
const LEAD = 0.05;

/**
 * The best labels in an order that does not flicker: who was shown keeps its row until another
 * leads clearly, and who is new takes the row of who has gone.
 */
export function calmRows(before: readonly string[], scores: readonly Score[]): Score[] {
  const byLabel = new Map(scores.map((score) => [score.label, score]));
  const arrived = scores.filter(({ label }) => !before.includes(label));
  const rows = before.flatMap((label) => byLabel.get(label) ?? arrived.shift() ?? []);
  rows.push(...arrived);
  rows.length = Math.min(rows.length, scores.length);
  for (let sorted = 1; sorted < rows.length; sorted++) {
    for (let at = sorted; at > 0; at--) {
      const [above, below] = [rows[at - 1], rows[at]];
      if (!above || !below || below.confidence <= above.confidence + LEAD) break;
      rows[at - 1] = below;
      rows[at] = above;
    }
  }
  return rows;
}
