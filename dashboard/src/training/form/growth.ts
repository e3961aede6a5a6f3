import type { Job, TrainingOptions } from "../../api/types";
import { VERSION } from "./settings";

/** A job whose version can get further classes. */
export type Ancestor = Job & { model: NonNullable<Job["model"]> };

/** Further classes are added to the run that a job has left, so only what a job trained will do. */
export function ancestorsOf(jobs: readonly Job[]): Ancestor[] {
  return jobs.filter((job): job is Ancestor => job.state === "succeeded" && job.model !== null);
}

/**
 * Whether a field is as in the version that it grows from: its weights fit only the same network,
 * and what they know only images that are prepared alike (`training/models/adopt.py`).
 */
export function isInherited(field: string): boolean {
  return /^input\.|^model\.(name|widths|head|hidden|weights)$/.test(field);
}

/** What a job that grows from `ancestor` begins with. Each version needs a name of its own. */
export function inherited({ config }: Ancestor) {
  const set = Object.fromEntries(
    Object.entries(config.set ?? {}).filter(([field]) => field !== VERSION),
  );
  return { config: config.config, model: config.model ?? "", recipe: config.recipe ?? "", set };
}

export interface ClassChange {
  added: string[];
  /** Old classes without an image: training refuses, as the network would forget them. */
  missing: string[];
}

/** Which classes `data` would add; `null` where the images of either are not counted. */
export function classChange(
  datasets: TrainingOptions["datasets"],
  ancestor: Ancestor,
  data: string,
): ClassChange | null {
  const classes = (prefix: string) => {
    const found = datasets.find((dataset) => dataset.prefix === prefix);
    return found?.complete ? Object.keys(found.classes) : null;
  };
  const [before, after] = [classes(ancestor.config.data), classes(data)];
  if (!before || !after) return null;
  return {
    added: after.filter((label) => !before.includes(label)),
    missing: before.filter((label) => !after.includes(label)),
  };
}
