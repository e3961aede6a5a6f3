import type { TFunction } from "i18next";
import type { DatasetClass, Health } from "visionflow-client";

import type { Language } from "../../i18n";
import { whole } from "../../i18n/format";
import { labelText } from "../classes/names";

type Advice = Health["advice"][number];

/** Which parameters a sentence fills depends on its code. */
const NOTHING = { class: "", images: "", missing: "", groups: "", largest: "", most: "" };

/** What to do next, as a sentence. */
export function adviceText(
  t: TFunction,
  language: Language,
  { code, params }: Advice,
  classes: readonly DatasetClass[],
): string {
  const filled = Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      typeof value === "number" ? whole(value, language) : labelText(value, classes, language),
    ]),
  );
  return t(`data.advice.${code}`, { ...NOTHING, ...filled });
}
