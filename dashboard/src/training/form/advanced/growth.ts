import type { Job, TrainingOptions } from "visionflow-client";

import { VERSION } from "../settings";
import type { Counted } from "../useDatasets";

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

/**
 * The classes that the chosen images add; `null` if those of either are not counted. Those of a
 * version of a dataset are not known here.
 */
export function classChange(
  folders: TrainingOptions["datasets"],
  { config }: Ancestor,
  chosen: Counted | undefined,
): ClassChange | null {
  const earlier =
    config.dataset === null ? folders.find(({ prefix }) => prefix === config.data) : undefined;
  if (!earlier?.complete || !chosen?.complete) return null;
  const [before, after] = [Object.keys(earlier.classes), Object.keys(chosen.classes)];
  return {
    added: after.filter((label) => !before.includes(label)),
    missing: before.filter((label) => !after.includes(label)),
  };
}
