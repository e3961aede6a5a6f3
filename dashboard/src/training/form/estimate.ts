import type { Job, TrainingOptions } from "../../api/types";

type Instance = TrainingOptions["instances"][number];

export interface Estimate {
  seconds: number;
  usd: number;
  /** How many finished jobs it is drawn from. */
  jobs: number;
}

/** Time to bring up the machine, read the data and publish, beside the epochs. */
const OVERHEAD_S = 180;

/**
 * What a job would take, from jobs that ran: seconds an epoch and image of the same configuration
 * on the same kind of machine; `null` where none has run yet, because anything else were a guess.
 */
export function estimate(
  request: { config: string; on_demand: boolean },
  epochs: number,
  images: number,
  instance: Instance | undefined,
  past: readonly Job[],
  imagesOf: (prefix: string) => number | undefined,
): Estimate | null {
  if (instance === undefined || epochs <= 0 || images <= 0) return null;
  const paces = past.flatMap((job) => {
    const trained = imagesOf(job.config.data);
    const alike = job.config.config === request.config && job.instance?.type === instance.type;
    if (job.state !== "succeeded" || !alike || !trained || job.epochs.length === 0) return [];
    const seconds = job.epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
    return [seconds / job.epochs.length / trained];
  });
  if (paces.length === 0) return null;
  const pace = paces.sort((a, b) => a - b)[Math.floor(paces.length / 2)] ?? 0;
  const seconds = OVERHEAD_S + pace * images * epochs;
  const rate = request.on_demand ? instance.usd_per_hour : instance.usd_per_hour_spot;
  return { seconds, usd: (seconds / 3600) * rate, jobs: paces.length };
}

/** Largest class by smallest: 1 is even. */
export function imbalance(classes: Record<string, number>): number | null {
  const counts = Object.values(classes);
  const least = Math.min(...counts);
  return counts.length > 0 && least > 0 ? Math.max(...counts) / least : null;
}
