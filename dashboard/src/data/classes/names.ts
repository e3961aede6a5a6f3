import type { DatasetClass } from "visionflow-client";

import type { Language } from "../../i18n";

/** How people read a class in their language; its name where nobody has said. */
export function className(known: DatasetClass, language: Language): string {
  return known[language] ?? known.name;
}

/** The same for a label, which may have lost its class. */
export function labelText(
  label: string,
  classes: readonly DatasetClass[],
  language: Language,
): string {
  const known = classes.find(({ name }) => name === label);
  return known ? className(known, language) : label;
}
