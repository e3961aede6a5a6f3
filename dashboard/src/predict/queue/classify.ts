import type { Api } from "../../api/client";
import { ApiError } from "../../api/errors";
import { sendToBucket } from "../../api/transport/send";
import type { PredictAnswer, PredictionDetail } from "../../api/types";
import { MAX_DIRECT_BYTES } from "../../config/limits";

/** What only a direct answer has: the record of an upload has fewer fields. */
type DirectOnly = Exclude<keyof PredictAnswer, keyof PredictionDetail | "explanation">;

export interface Outcome {
  prediction:
    PredictAnswer | (PredictionDetail & { explanation: null } & Partial<Record<DirectOnly, never>>);
  /** Milliseconds from sending to the parsed answer. */
  roundTripMs: number;
  /** The file was too large for a direct call, so there is no explanation. */
  throughBucket: boolean;
}

interface Wanted {
  file: File;
  /** Also the idempotency key. */
  id: string;
  /** Of the set of labels to answer too; `null` for none. */
  coverage: number | null;
}

const POLL_MS = 500;
const PATIENCE_MS = 60_000;

/**
 * Classify one file: directly, or through the bucket if it is too large.
 *
 * `onSent` gets the share of a large file that was sent, 0..1. Throws `ApiError`.
 */
export async function classify(
  api: Api,
  { file, id: key, coverage }: Wanted,
  onSent: (share: number) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const start = performance.now();
  const since = () => performance.now() - start;
  if (file.size <= MAX_DIRECT_BYTES) {
    try {
      const prediction = await api.predict(file, { key, coverage }, signal);
      return { prediction, roundTripMs: since(), throughBucket: false };
    } catch (cause) {
      // The gateway's limit is smaller than ours.
      if (!(cause instanceof ApiError && cause.code === "body_too_large")) throw cause;
    }
  }
  onSent(0);
  const ticket = await api.upload(file, signal);
  await sendToBucket(ticket, file, onSent, signal);
  onSent(1);
  const record = await recorded(api, ticket.id, signal);
  const prediction = { ...record, explanation: null };
  return { prediction, roundTripMs: since(), throughBucket: true };
}

/** The record of an uploaded file, once there is one. */
async function recorded(api: Api, id: string, signal: AbortSignal) {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await api.prediction(id, signal);
    } catch (cause) {
      if (!(cause instanceof ApiError && cause.code === "prediction_not_found")) throw cause;
    }
    if (performance.now() > deadline) throw new ApiError("still_waiting", `no record ${id} yet`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
