import type { Job, TrainingOptions } from "../../api/types";
import { VERSION } from "./settings";

/** A job to whose version classes can be added. */
export type Ancestor = Job & { model: NonNullable<Job["model"]> };

/** Adding classes needs the run's files, so the version must come from a job. */
export function ancestorsOf(jobs: readonly Job[]): Ancestor[] {
  return jobs.filter((job): job is Ancestor => job.state === "succeeded" && job.model !== null);
}

/**
 * Whether a field must be as in the version that grows: its weights fit only the same network,
 * and only images that are prepared the same way (`training/networks/inherit.py`).
 */
export function isInherited(field: string): boolean {
  return /^input\.|^model\.(name|widths|head|hidden|weights)$/.test(field);
}

/** The settings that a job takes over from `ancestor`, all but the version. */
export function inherited({ config }: Ancestor) {
  const set = Object.fromEntries(
    Object.entries(config.set ?? {}).filter(([field]) => field !== VERSION),
  );
  return { config: config.config, model: config.model ?? "", recipe: config.recipe ?? "", set };
}

export interface ClassChange {
  added: string[];
  /** Old classes without images: training refuses them, because the network would forget them. */
  missing: string[];
}

/** The classes that `data` adds; `null` if the images of either dataset are not counted. */
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
