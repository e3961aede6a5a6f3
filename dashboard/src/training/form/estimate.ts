import type { Job, TrainingOptions } from "visionflow-client";

type Instance = TrainingOptions["instances"][number];

export interface Estimate {
  seconds: number;
  usd: number;
  /** The number of finished jobs behind it. */
  jobs: number;
}

/** Time to start the machine, read the data and publish, in addition to the epochs. */
const OVERHEAD_S = 180;

/**
 * Time and cost of a job, from finished jobs: seconds per epoch and image of the same
 * configuration on the same machine type; `null` if there is none.
 */
export function estimate(
  request: { config: string; on_demand: boolean },
  epochs: number,
  images: number,
  instance: Instance | undefined,
  past: readonly Job[],
  imagesOf: (job: Job) => number | undefined,
): Estimate | null {
  if (instance === undefined || epochs <= 0 || images <= 0) return null;
  const paces = past.flatMap((job) => {
    const trained = imagesOf(job);
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

/** The ratio of the largest to the smallest class. */
export function imbalance(classes: Record<string, number>): number | null {
  const counts = Object.values(classes);
  const least = Math.min(...counts);
  return counts.length > 0 && least > 0 ? Math.max(...counts) / least : null;
}
