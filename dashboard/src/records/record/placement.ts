import type { CSSProperties } from "react";
import type { Explanation } from "visionflow-client";

/** The position of a heatmap on its image: fractions as percentages of the figure. */
export function placement({ left, top, width, height }: Explanation["box"]): CSSProperties {
  return {
    left: `${left * 100}%`,
    top: `${top * 100}%`,
    width: `${width * 100}%`,
    height: `${height * 100}%`,
  };
}
