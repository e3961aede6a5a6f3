import type { Language } from "../i18n";
import { token } from "../theme/colors";

export interface Axis {
  title: string;
  min?: number;
  max?: number;
  /** Values are shares 0..1, shown as percent. */
  percent?: boolean;
  /** Whole numbers only. */
  whole?: boolean;
}

export function fontFamily(): string {
  return getComputedStyle(document.body).fontFamily;
}

export function axisTitle(text: string) {
  return { display: text !== "", text, color: token("--text-muted"), font: { size: 12 } };
}

/** The style of every chart's axes. */
export function axisOptions({ title, min, max, percent, whole }: Axis, language: Language) {
  const number = new Intl.NumberFormat(
    language,
    percent ? { style: "percent", maximumFractionDigits: 1 } : { maximumFractionDigits: 3 },
  );
  return {
    type: "linear" as const,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    title: axisTitle(title),
    border: { color: token("--line") },
    grid: { color: token("--line"), tickLength: 4 },
    ticks: {
      color: token("--text-muted"),
      maxTicksLimit: 6,
      font: { size: 12 },
      ...(whole && { precision: 0 }),
      callback: (value: number | string) => number.format(Number(value)),
    },
  };
}
