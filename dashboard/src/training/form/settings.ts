import type { TrainingConfig } from "../../api/types";
import type { Language } from "../../i18n";

/** A hyperparameter's value. Lists, which some have, cannot be set by hand here. */
export type Setting = string | number | boolean;

export interface Field {
  name: string;
  value: Setting;
  /** What it means, by language; `null` where that says no more than the name. */
  about: Record<Language, string> | null;
}

export interface FieldGroup {
  name: string;
  fields: Field[];
}

const CHOSEN_ELSEWHERE = ["recipe", "model.name", "model.grow_from"];

/** A job calls its version by the time of its start, whatever the configuration says. */
export const VERSION = "version";

/** What every job is asked about; the rest waits behind a fold. */
const MAIN =
  /^(name|version|seed|precision)$|\.epochs$|(^|\.)optimizer\.learning_rate$|^model\.dropout$/;

/** The fields that matter for `recipe`, main ones first, the others by their section. */
export function fieldGroups(
  { parameters }: TrainingConfig,
  recipe: string,
  recipes: readonly string[],
) {
  const fields = Object.entries(parameters).flatMap(
    ([name, { default: value, about }]): Field[] => {
      const [section = ""] = name.split(".");
      const isOthers = recipes.includes(section) && section !== recipe;
      const isChosenElsewhere = CHOSEN_ELSEWHERE.includes(name);
      if (isOthers || isChosenElsewhere || !isSetting(value)) return [];
      const usual = name === VERSION ? "" : value;
      return [{ name, value: usual, about: tellsMore(name, about.en) ? about : null }];
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

/** Epochs of all phases of `recipe`, as the defaults and the changes have them. */
export function totalEpochs(
  { parameters }: TrainingConfig,
  recipe: string,
  changes: Record<string, unknown>,
): number {
  return Object.entries(parameters)
    .filter(([name]) => name.startsWith(`${recipe}.`) && name.endsWith(".epochs"))
    .reduce((sum, [name, { default: value }]) => sum + Number(changes[name] ?? value), 0);
}

/** "Learning rate" says nothing of `optimizer.learning_rate` that its name does not. */
function tellsMore(name: string, about: string): boolean {
  return about.toLowerCase() !== name.split(".").at(-1)?.replaceAll("_", " ");
}

export function isSetting(value: unknown): value is Setting {
  return ["string", "number", "boolean"].includes(typeof value);
}
