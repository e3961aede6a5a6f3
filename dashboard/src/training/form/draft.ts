import type { JobRequest, TrainingOptions } from "../../api/types";

/** The form's values. */
export interface Draft {
  data: string;
  config: string;
  /** Empty: the configuration's own. */
  model: string;
  recipe: string;
  /** Only what differs from the configuration. */
  set: Record<string, unknown>;
  /** The job to whose version classes are added; empty for none. */
  growFrom: string;
  /** Empty: any default machine with capacity. */
  instance: string;
  onDemand: boolean;
  maxHours: number;
  budget: number;
}

/** The first dataset and configuration, and the defaults. */
export function newDraft({ datasets, configs }: TrainingOptions): Draft {
  return {
    data: datasets[0]?.prefix ?? "",
    config: configs[0]?.name ?? "",
    model: "",
    recipe: "",
    set: {},
    growFrom: "",
    instance: "",
    onDemand: false,
    maxHours: 8,
    budget: 10,
  };
}

export function toRequest(draft: Draft): JobRequest {
  const { data, config, model, recipe, set, growFrom, instance } = draft;
  return {
    config,
    data,
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
