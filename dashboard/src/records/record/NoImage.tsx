import type { ReactNode } from "react";

import { ImageIcon } from "../../ui/icons";
import css from "./NoImage.module.css";

/** In the place of a record's image: why there is none. */
export function NoImage({ children }: { children: ReactNode }) {
  return (
    <p className={css.reason}>
      <ImageIcon className={css.icon} />
      {children}
    </p>
  );
}
