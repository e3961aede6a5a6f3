import type { CSSProperties } from "react";

import type { Explanation } from "../../api/types";

/** The position of a heatmap on its image: fractions as percentages of the figure. */
export function placement({ left, top, width, height }: Explanation["box"]): CSSProperties {
  return {
    left: `${left * 100}%`,
    top: `${top * 100}%`,
    width: `${width * 100}%`,
    height: `${height * 100}%`,
  };
}
