import { useTheme } from "./theme";
import { useMediaQuery } from "./useMediaQuery";

/** The active colour scheme: a canvas does not follow CSS by itself. */
export function useScheme(): "light" | "dark" {
  const theme = useTheme();
  const systemIsDark = useMediaQuery("(prefers-color-scheme: dark)");
  if (theme !== "system") return theme;
  return systemIsDark ? "dark" : "light";
}

/** A custom property's colour for a canvas, resolved for the active scheme. */
export function token(name: `--${string}`): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

export const SERIES = [
  "--series-1",
  "--series-2",
  "--series-3",
  "--series-4",
  "--series-5",
  "--series-6",
] as const;

/** The `index`-th colour of a categorical scale of `count` distinct colours. */
export function hue(index: number, count: number, scheme: "light" | "dark"): string {
  const turn = Math.round((index * 360) / Math.max(count, 1));
  const lightness = (scheme === "dark" ? 68 : 42) + (index % 2 === 0 ? 0 : 10);
  return `hsl(${turn} 62% ${lightness}%)`;
}
