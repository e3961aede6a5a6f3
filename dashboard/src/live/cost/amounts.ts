import type { MonthCost, VersionCost } from "visionflow-client";

import type { Language } from "../../i18n";

/** "2026-11" in words. */
export function monthName(month: string, language: Language): string {
  const format = new Intl.DateTimeFormat(language, {
    year: "numeric",
    month: "long",
    timeZone: "UTC",
  });
  return format.format(new Date(`${month}-01T00:00:00Z`));
}

/** Whether what a version cost rests on its own milliseconds here. */
export function isMeasured({ ways }: VersionCost): boolean {
  return Object.keys(ways).length > 0;
}

/** What is due with or without images. */
export function fixedSoFar({ fixed }: MonthCost): number {
  return fixed.reduce((sum, { so_far }) => sum + so_far, 0);
}
