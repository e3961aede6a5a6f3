import type { CSSProperties } from "react";

import type { Explanation } from "../../api/types";

/** Where a map lies over its picture: fractions of the picture as percentages of its figure. */
export function placement({ left, top, width, height }: Explanation["box"]): CSSProperties {
  return {
    left: `${left * 100}%`,
    top: `${top * 100}%`,
    width: `${width * 100}%`,
    height: `${height * 100}%`,
  };
}
