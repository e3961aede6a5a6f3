import type { CSSProperties } from "react";

import type { Explanation } from "../../api/types";

/** Where a map lies over its image: fractions of the image as percentages of its figure. */
export function placement({ left, top, width, height }: Explanation["box"]): CSSProperties {
  return {
    left: `${left * 100}%`,
    top: `${top * 100}%`,
    width: `${width * 100}%`,
    height: `${height * 100}%`,
  };
}
