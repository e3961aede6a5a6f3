import type { Language } from "./index";

const formats = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

/** Making a formatter takes a hundred times as long as using one, and lists use many. */
function kept<Format extends Intl.NumberFormat | Intl.DateTimeFormat>(
  key: string,
  make: () => Format,
): Format {
  const known = formats.get(key) as Format | undefined;
  if (known) return known;
  const made = make();
  formats.set(key, made);
  return made;
}

function numberFormat(language: Language, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `number ${language} ${JSON.stringify(options)}`;
  return kept(key, () => new Intl.NumberFormat(language, options));
}

function dateFormat(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `date ${language} ${JSON.stringify(options)}`;
  return kept(key, () => new Intl.DateTimeFormat(language, options));
}

/** A dash for an unknown value. */
export function orDash<Value>(
  value: Value | null | undefined,
  format: (value: Value, language: Language) => string,
  language: Language,
): string {
  return value === null || value === undefined ? "–" : format(value, language);
}

/** 0.9997 -> "99.9%": cut, not rounded, so that 100 % is shown for certainty only. */
export function percent(share: number, language: Language): string {
  return numberFormat(language, {
    style: "percent",
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
    roundingMode: "trunc",
  }).format(share);
}

export function milliseconds(ms: number, language: Language): string {
  const digits = ms < 100 ? 1 : 0;
  const number = numberFormat(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return `${number.format(ms)} ms`;
}

export function fileSize(bytes: number, language: Language): string {
  const [amount, unit] =
    bytes < 1e6 ? [bytes / 1e3, "kB"] : bytes < 1e9 ? [bytes / 1e6, "MB"] : [bytes / 1e9, "GB"];
  return `${numberFormat(language, { maximumFractionDigits: 1 }).format(amount)} ${unit}`;
}

/** Date and time to the second, in the reader's time zone. */
export function dateTime(time: string | number, language: Language): string {
  return dateFormat(language, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(time));
}

/** The same without the year, for lists of recent records. */
export function shortDateTime(time: string, language: Language): string {
  return dateFormat(language, {
    month: "short",
    day: "numeric",
    hour: "numeric",
    minute: "2-digit",
    second: "2-digit",
  }).format(new Date(time));
}

export function clockTime(epochMs: number, language: Language): string {
  return dateFormat(language, { timeStyle: "medium" }).format(new Date(epochMs));
}

/** A moment near now: its time of day, with the date where that is another one. */
export function moment(epochMs: number, language: Language): string {
  const isToday = new Date(epochMs).toDateString() === new Date().toDateString();
  return isToday ? clockTime(epochMs, language) : dateTime(epochMs, language);
}

export function date(epochSeconds: number, language: Language): string {
  return dateFormat(language, { dateStyle: "medium" }).format(new Date(epochSeconds * 1000));
}

export function whole(value: number, language: Language): string {
  return decimal(value, language, 0);
}

export function decimal(value: number, language: Language, digits = 1): string {
  return numberFormat(language, { maximumFractionDigits: digits }).format(value);
}

/** 0.96 -> "0.960": always three digits, for columns; cut, not rounded. */
export function score(value: number, language: Language): string {
  return numberFormat(language, {
    minimumFractionDigits: 3,
    maximumFractionDigits: 3,
    roundingMode: "trunc",
  }).format(value);
}

/** Small amounts keep two significant digits: $0.00042, $1.25. */
export function money(amount: number, currency: string, language: Language): string {
  return numberFormat(language, {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: 2,
    maximumFractionDigits: amount !== 0 && Math.abs(amount) < 0.1 ? 6 : 2,
    ...(amount !== 0 && Math.abs(amount) < 0.1 && { maximumSignificantDigits: 2 }),
  }).format(amount);
}

/** 93 -> "1 min 33 s"; hours without seconds. */
export function duration(seconds: number, language: Language): string {
  const whole = Math.max(Math.round(seconds), 0);
  const parts: [number, "hour" | "minute" | "second"][] = [
    [Math.floor(whole / 3600), "hour"],
    [Math.floor((whole % 3600) / 60), "minute"],
    [whole % 60, "second"],
  ];
  const shown = parts.filter(([amount], index) => amount > 0 && !(index === 2 && whole >= 3600));
  const units = shown.length > 0 ? shown : ([[0, "second"]] as typeof parts);
  return units
    .map(([amount, unit]) =>
      numberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(amount),
    )
    .join(" ");
}

/** The day of an ISO 8601 time. */
export function dateOf(time: string, language: Language): string {
  return dateFormat(language, { dateStyle: "medium" }).format(new Date(time));
}

/** A calendar day such as "2030-01-31", whatever the reader's time zone. */
export function shortDay(day: string, language: Language): string {
  const options = { month: "short", day: "numeric", timeZone: "UTC" } as const;
  return dateFormat(language, options).format(new Date(`${day}T00:00:00Z`));
}

/** 0.032 -> "+3.2": a difference of two shares, in percentage points. */
export function points(difference: number, language: Language): string {
  return numberFormat(language, {
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
    signDisplay: "exceptZero",
  }).format(100 * difference);
}
