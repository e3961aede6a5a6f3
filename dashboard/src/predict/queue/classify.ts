import type { Classified, Client } from "visionflow-client";

export interface Outcome {
  prediction: Classified;
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

/**
 * Classify one file, with its heatmap.
 *
 * `onSent` gets the share of a large file that was sent, 0..1. Throws `ApiError`.
 */
export async function classify(
  api: Client,
  { file, id: key, coverage }: Wanted,
  onSent: (share: number) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const start = performance.now();
  let throughBucket = false;
  const sent = (share: number) => {
    throughBucket = true;
    onSent(share);
  };
  const prediction = await api.classify(file, {
    key,
    coverage,
    explain: true,
    onSent: sent,
    signal,
  });
  return { prediction, roundTripMs: performance.now() - start, throughBucket };
}
