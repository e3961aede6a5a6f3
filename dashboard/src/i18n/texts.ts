import type { TFunction } from "i18next";
import { MAX_DIRECT_BYTES } from "visionflow-client";

import type en from "./en.json";
import { fileSize, money, whole } from "./format";
import type { Language } from "./index";

/** The sentence for a failure of this code; `undefined` for an unknown one. */
export function errorText(t: TFunction, language: Language, code: string): string | undefined {
  return textOf(t, `errors.${code}`, { limit: fileSize(MAX_DIRECT_BYTES, language) });
}

/** The name of a step in `timings`; an unknown one is shown by its name. */
export function timingText(t: TFunction, step: string): string {
  return textOf(t, `timing.${step}`) ?? step;
}

/** The text of a key that the server named; `undefined` where the page has none. */
export function textOf(t: TFunction, key: string, values: object = {}): string | undefined {
  const found = (t as (key: string, options: object) => string)(key, {
    ...values,
    defaultValue: "",
  });
  return found === "" ? undefined : found;
}

/** What a condition of the gate measures; an unknown one is shown by its name. */
export function gateText(t: TFunction, name: string): string {
  return textOf(t, `gate.${name}`) ?? name;
}

/** What a change of an alias did; an unknown one is shown by its name. */
export function moveText(
  t: TFunction,
  { action, alias }: { action: string; alias: keyof typeof en.models.alias },
): string {
  return textOf(t, `move.${action}`, { alias: t(`models.alias.${alias}`) }) ?? action;
}

/** A step of a training job; an unknown one is shown by its name. */
export function stepText(t: TFunction, step: string): string {
  return textOf(t, `step.${step}`) ?? step;
}

/** A way to train a network; an unknown one is shown by its name. */
export function recipeText(t: TFunction, recipe: string): string {
  return textOf(t, `training.recipes.${recipe}`) ?? recipe;
}

/** A section of a configuration; an unknown one is shown by its name. */
export function sectionText(t: TFunction, section: string): string {
  return textOf(t, `training.sections.${section}`) ?? section;
}

/** What a price is for; an unknown item is shown by its name. */
export function itemText(t: TFunction, item: string): string {
  return textOf(t, `cost.items.${item}`) ?? item;
}

/** What a bucket or a table holds; an unknown one is shown by its name. */
export function placeText(t: TFunction, kind: string, place: string): string {
  const name = `${kind}_${place}`;
  return textOf(t, `cost.places.${name}`) ?? place;
}

/** A role; an unknown one is shown by its name. */
export function roleText(t: TFunction, role: string): string {
  return textOf(t, `access.roles.${role}`) ?? role;
}

/** What a quota counts; an unknown one is shown by its name. */
export function quotaText(t: TFunction, quota: string): string {
  return textOf(t, `account.quotaNames.${quota}`) ?? quota;
}

/** An amount in the unit of its quota. */
export function quotaAmount(quota: string, amount: number, language: Language): string {
  if (quota === "bytes") return fileSize(amount, language);
  return quota === "job_usd" ? money(amount, "USD", language) : whole(amount, language);
}

/** Whose word counts as much: 1 a viewer's, 2 a labeller's, 3 an admin's. */
export function weightText(t: TFunction, weight: number): string {
  const key = String(weight);
  return textOf(t, `feedback.weights.${key}`) ?? key;
}

/** Why Cognito refused, by its code; `undefined` for an unknown one. */
export function factorText(t: TFunction, code: string): string | undefined {
  return textOf(t, `account.errors.${code}`);
}
