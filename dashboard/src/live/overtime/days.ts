import type { ModelName, VersionDay } from "visionflow-client";

/** Fewer images of a day say too little about a share of them. */
export const LEAST_IMAGES = 20;
/** Fewer answers of a day have no 95th percentile to speak of. */
export const LEAST_ANSWERS = 20;
export const LEAST_FEEDBACK = 10;

export const RANGES = [7, 30, 90] as const;

/** A version as addresses have it. */
export function versionKey({ name, version }: ModelName): string {
  return `${name}/${version}`;
}

/** The days (UTC) of a range that ends on `today`, the first day first. */
export function daysUntil(today: Date, count: number): string[] {
  const end = Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate());
  return Array.from({ length: count }, (_, index) =>
    new Date(end - (count - 1 - index) * 86_400_000).toISOString().slice(0, 10),
  );
}

export function imagesOf({ ok, unsure, unfamiliar, failed }: VersionDay): number {
  return ok + unsure + unfamiliar + failed;
}

/** The versions with images or feedback, those with the most images first. */
export function versionsOf(rows: readonly VersionDay[]): string[] {
  const images = new Map<string, number>();
  for (const row of rows) {
    if (row.model === null) continue;
    const key = versionKey(row.model);
    images.set(key, (images.get(key) ?? 0) + imagesOf(row));
  }
  return [...images].sort((a, b) => b[1] - a[1]).map(([key]) => key);
}

export interface DaySum {
  ok: number;
  unsure: number;
  unfamiliar: number;
  failed: number;
}

/** Images of each day, of all `rows`. */
export function sums(rows: readonly VersionDay[], days: readonly string[]): DaySum[] {
  const found = new Map<string, DaySum>(
    days.map((day) => [day, { ok: 0, unsure: 0, unfamiliar: 0, failed: 0 }]),
  );
  for (const row of rows) {
    const sum = found.get(row.day);
    if (!sum) continue;
    sum.ok += row.ok;
    sum.unsure += row.unsure;
    sum.unfamiliar += row.unfamiliar;
    sum.failed += row.failed;
  }
  return [...found.values()];
}

/** What was answered, rightly or not: a failed image has no answer that could be unknown. */
export function answered({ ok, unsure, unfamiliar }: DaySum): number {
  return ok + unsure + unfamiliar;
}

/** One value for each of `days` of one version; `null` where there is none. */
export function ofVersion(
  rows: readonly VersionDay[],
  key: string,
  days: readonly string[],
  value: (row: VersionDay) => number | null,
): (number | null)[] {
  const own = new Map(
    rows
      .filter(({ model }) => model !== null && versionKey(model) === key)
      .map((row) => [row.day, row]),
  );
  return days.map((day) => {
    const row = own.get(day);
    return row === undefined ? null : value(row);
  });
}

/** Right answers by people's feedback; `null` where too few were judged. */
export function judged({
  feedback,
}: VersionDay): { share: number; low: number; high: number } | null {
  if (feedback === null || feedback.n < LEAST_FEEDBACK) return null;
  return { share: feedback.correct / feedback.n, low: feedback.low, high: feedback.high };
}

export function hasAny(values: readonly (number | null)[]): boolean {
  return values.some((value) => value !== null);
}
