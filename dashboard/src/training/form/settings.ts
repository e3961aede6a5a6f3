import type { TrainingConfig } from "visionflow-client";

import type { Language } from "../../i18n";

/** A hyperparameter's value. The form does not edit lists. */
export type Setting = string | number | boolean;

export interface Field {
  name: string;
  value: Setting;
  /** All that it can be; `null` where that is no closed list. */
  choices: readonly string[] | null;
  /** What it is called, by language. */
  label: Record<Language, string>;
  /** Its meaning, by language. */
  about: Record<Language, string>;
}

export interface FieldGroup {
  name: string;
  fields: Field[];
}

const CHOSEN_ELSEWHERE = ["recipe", "model.name", "model.grow_from"];

/** Which images stay together; of a dataset that is known. */
export const GROUPS = "data.group_by";

/** The name of the model. */
export const NAME = "name";

/** A job's default version is its start time, not the configuration's version. */
export const VERSION = "version";

/** The fields that are always shown; the others are folded. */
const MAIN =
  /^(name|version|seed|precision)$|\.epochs$|(^|\.)optimizer\.learning_rate$|^model\.dropout$/;

/** The fields that apply to `recipe`: the main ones, and the others by section. */
export function fieldGroups(
  { parameters }: TrainingConfig,
  recipe: string,
  recipes: readonly string[],
) {
  const fields = Object.entries(parameters).flatMap(
    ([name, { default: value, choices, label, about }]): Field[] => {
      const [section = ""] = name.split(".");
      const isOthers = recipes.includes(section) && section !== recipe;
      const isChosenElsewhere = CHOSEN_ELSEWHERE.includes(name);
      if (isOthers || isChosenElsewhere || !isSetting(value)) return [];
      const usual = name === VERSION ? "" : value;
      return [{ name, value: usual, choices, label, about }];
    },
  );
  const main = fields.filter(({ name }) => MAIN.test(name));
  const groups = new Map<string, Field[]>();
  for (const field of fields) {
    if (MAIN.test(field.name)) continue;
    const section = field.name.split(".")[0] ?? "";
    groups.set(section, [...(groups.get(section) ?? []), field]);
  }
  return {
    main,
    others: [...groups].map(([name, group]): FieldGroup => ({ name, fields: group })),
  };
}

/** Epochs of all phases of `recipe`, with `changes` applied to the defaults. */
export function totalEpochs(
  { parameters }: TrainingConfig,
  recipe: string,
  changes: Record<string, unknown>,
): number {
  return Object.entries(parameters)
    .filter(([name]) => name.startsWith(`${recipe}.`) && name.endsWith(".epochs"))
    .reduce((sum, [name, { default: value }]) => sum + Number(changes[name] ?? value), 0);
}

export function isSetting(value: unknown): value is Setting {
  return ["string", "number", "boolean"].includes(typeof value);
}
