import type { HookRequest } from "visionflow-client";

export type HookKind = NonNullable<HookRequest["kinds"]>[number];

export const KINDS: readonly HookKind[] = [
  "prediction.recorded",
  "model.moved",
  "training.ended",
  "backfill.ended",
  "drift.changed",
  "alarm.changed",
];

const KEYS = {
  "prediction.recorded": "prediction_recorded",
  "model.moved": "model_moved",
  "training.ended": "training_ended",
  "backfill.ended": "backfill_ended",
  "drift.changed": "drift_changed",
  "alarm.changed": "alarm_changed",
} as const;

/** A kind as a part of a text's name, which has no dots. */
export function kindKey(kind: HookKind) {
  return KEYS[kind];
}
