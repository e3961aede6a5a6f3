import type { Dataset, JobRequest, TrainingOptions } from "visionflow-client";

import { GOALS, type Goal, isOffered, preset, type Settings } from "./goals";
import { GROUPS } from "./settings";

/** The form's values. */
export interface Draft extends Settings {
  /** The name of a dataset; empty where a folder is chosen, or nothing yet. */
  dataset: string;
  /** The number of its version; empty for what it holds now. */
  version: string;
  /** A folder of the bucket; empty where a dataset is chosen, or nothing yet. */
  data: string;
  /** `null`: settings of one's own. */
  goal: Goal | null;
  /** The job to whose version classes are added; empty for none. */
  growFrom: string;
  /** Empty: any default machine with capacity. */
  instance: string;
  onDemand: boolean;
}

/** The first goal that is offered and fits where jobs run, and no images yet. */
export function newDraft(options: TrainingOptions): Draft {
  // A computer without a GPU takes days for what is best.
  const order = options.runs_on === "local" ? [...GOALS].reverse() : GOALS;
  const goal = order.find((one) => isOffered(one, options)) ?? null;
  const own = {
    config: options.configs[0]?.name ?? "",
    model: "",
    recipe: "",
    set: {},
    maxHours: 8,
    budget: 10,
  };
  return {
    dataset: "",
    version: "",
    data: "",
    goal,
    growFrom: "",
    instance: "",
    onDemand: false,
    ...(goal === null ? own : preset(goal)),
  };
}

/** With images: those that were chosen, else the first dataset, else the first folder. */
export function withImages(
  draft: Draft,
  options: TrainingOptions,
  datasets: readonly Dataset[],
): Draft {
  if (draft.dataset || draft.data) return draft;
  const [first] = datasets;
  if (first !== undefined) return { ...draft, dataset: first.name };
  return { ...draft, data: options.datasets[0]?.prefix ?? "" };
}

/** What a model is called: as its dataset or folder, where that is a name. */
export function modelName({ dataset, data }: Pick<Draft, "dataset" | "data">): string | null {
  const name = dataset || (data.replace(/\/+$/, "").split("/").pop() ?? "");
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name) ? name : null;
}

export function toRequest(draft: Draft): JobRequest {
  const { dataset, version, data, config, model, recipe, growFrom, instance } = draft;
  const name = draft.goal === null ? null : modelName(draft);
  // Nobody who chose a goal knows of the configuration, whose name the model would have.
  const chosen = Object.entries(draft.set).filter(([field]) => !dataset || field !== GROUPS);
  const set = Object.fromEntries(name === null ? chosen : [["name", name], ...chosen]);
  return {
    config,
    ...(dataset ? { dataset } : { data }),
    ...(dataset && version && { dataset_version: Number(version) }),
    ...(model && { model }),
    ...(recipe && { recipe }),
    ...(Object.keys(set).length > 0 && { set }),
    ...(growFrom && { grow_from: growFrom }),
    ...(instance && { instance }),
    on_demand: draft.onDemand,
    max_hours: draft.maxHours,
    budget_usd: draft.budget,
  };
}
