import type { Feedback, LogEntry } from "visionflow-client";

/** Of `GET /logs?feedback=`. */
export const VERDICTS = ["right", "wrong", "none", "unanswered"] as const;

export type Verdict = (typeof VERDICTS)[number];

/** As `is_right` of `visionflow/predictions/record.py`; `null` without feedback. */
export function isRight({
  status,
  label,
  feedback,
}: Pick<LogEntry, "status" | "label"> & { feedback?: Feedback | null }): boolean | null {
  if (!feedback) return null;
  if (feedback.label === null) return status === "unknown";
  return label !== null && (label === feedback.label || feedback.parents.includes(label));
}
