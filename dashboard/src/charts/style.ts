import type { Language } from "../i18n";
import { SERIES, token } from "../theme/colors";

export interface Axis {
  title: string;
  min?: number;
  max?: number;
  /** Values are shares 0..1, shown as percent. */
  percent?: boolean;
  /** Whole numbers only. */
  whole?: boolean;
  /** The most digits after the point, 3 by default. */
  digits?: number;
}

export function fontFamily(): string {
  return getComputedStyle(document.body).fontFamily;
}

export function axisTitle(text: string) {
  return { display: text !== "", text, color: token("--text-muted"), font: { size: 12 } };
}

/** The style of every chart's axes. */
export function axisOptions(
  { title, min, max, percent, whole, digits = 3 }: Axis,
  language: Language,
) {
  const number = new Intl.NumberFormat(
    language,
    percent ? { style: "percent", maximumFractionDigits: 1 } : { maximumFractionDigits: digits },
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

const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [12, 5]];
const POINTS = ["circle", "triangle", "rect", "rectRot", "cross", "star"] as const;

/** How many series `strokeOf` keeps apart. */
export const MOST_SERIES = SERIES.length;

/** The style of the `index`-th of several series: told apart without seeing colours, too. */
export function strokeOf(index: number) {
  const turn = index % SERIES.length;
  return {
    color: token(SERIES[turn] ?? SERIES[0]),
    dash: DASHES[turn] ?? [],
    point: POINTS[turn] ?? "circle",
  };
}

export function legend(display: boolean) {
  return {
    display,
    align: "start" as const,
    labels: {
      color: token("--text"),
      boxWidth: 28,
      boxHeight: 2,
      font: { family: fontFamily(), size: 13 },
    },
  };
}
