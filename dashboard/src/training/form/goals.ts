import type { TrainingOptions } from "visionflow-client";

import { NAME, totalEpochs, VERSION } from "./settings";

/** What the simple form asks for. */
export const GOALS = ["quality", "speed"] as const;
export type Goal = (typeof GOALS)[number];

/** What a goal decides. */
export interface Settings {
  config: string;
  /** Empty: the configuration's own. */
  model: string;
  recipe: string;
  /** Only what differs from the configuration. */
  set: Record<string, unknown>;
  maxHours: number;
  budget: number;
}

/** Both fine-tune a network that knows photographs, and balance the classes. */
const PRESETS: Record<Goal, Settings> = {
  quality: {
    config: "visionflow20",
    model: "",
    recipe: "",
    set: {},
    maxHours: 8,
    budget: 10,
  },
  speed: {
    config: "flowers",
    model: "",
    recipe: "",
    set: {
      "data.balance": "effective",
      "finetune.head.epochs": 10,
      "finetune.body.epochs": 8,
    },
    maxHours: 2,
    budget: 2,
  },
};

/** The settings of a goal. */
export function preset(goal: Goal): Settings {
  return PRESETS[goal];
}

/** Whether a draft has the settings of its goal; the model may have any name and version. */
export function isAsGoal({ goal, set }: Pick<Settings, "set"> & { goal: Goal | null }): boolean {
  if (goal === null) return false;
  const usual = PRESETS[goal].set;
  const names = new Set([...Object.keys(usual), ...Object.keys(set)]);
  names.delete(NAME);
  names.delete(VERSION);
  return [...names].every((name) => set[name] === usual[name]);
}

/** Whether the deployment offers what the goal needs. */
export function isOffered(goal: Goal, { configs }: TrainingOptions): boolean {
  return configs.some(({ name }) => name === PRESETS[goal].config);
}

/** The network of a draft, and how often at most it sees each image. */
export function network(draft: Settings, { configs }: TrainingOptions) {
  const config = configs.find(({ name }) => name === draft.config);
  if (config === undefined) return { model: draft.model, epochs: 0 };
  const epochs = totalEpochs(config, draft.recipe || config.recipe, draft.set);
  return { model: draft.model || config.model, epochs };
}
