import type { TFunction } from "i18next";

import type { EngineAnswer } from "../../ondevice/engine";

/** An answer as it is spoken: without the number, which changes at every frame. */
export function sentence(t: TFunction, { status, label, unknownReason }: EngineAnswer): string {
  if (status === "ok") return label;
  return t(unknownReason === "unfamiliar" ? "device.saysUnfamiliar" : "device.saysUnsure");
}
