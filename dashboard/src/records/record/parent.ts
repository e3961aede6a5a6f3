import type { LogEntry } from "visionflow-client";

/** Whether the answer is a parent of labels: no label was certain enough, and one would be best. */
export function isParent({ status, label, top_k: [best] }: Named): boolean {
  return status === "ok" && best !== undefined && best.label !== label;
}

export type Named = Pick<LogEntry, "status" | "label" | "top_k">;
