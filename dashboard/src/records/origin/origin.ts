import type { LogEntry } from "visionflow-client";

export const ORIGINS = ["cloud", "browser", "edge"] as const;

/** Which kind of device made a record; null for the cloud. */
export function deviceOf({ origin }: Pick<LogEntry, "origin">): "browser" | "edge" | null {
  return origin === "browser" || origin === "edge" ? origin : null;
}

/** Whether an image came with a record: what a device answered may have come alone. */
export function hasImage({ image }: Pick<LogEntry, "image">): boolean {
  return image.key !== null;
}

/** Whether device and cloud have the same best label; null where they cannot be compared. */
export function agrees({ device, model, top_k }: LogEntry): boolean | null {
  const best = top_k[0];
  if (!device || !best || !model) return null;
  const isSameVersion = device.model.name === model.name && device.model.version === model.version;
  return isSameVersion ? device.best === best.label : null;
}
