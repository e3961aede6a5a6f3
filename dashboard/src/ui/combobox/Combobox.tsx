import { lazy, Suspense } from "react";

import type { ComboboxProps } from "./choice";

export type { Choice } from "./choice";

// Its libraries are not needed to paint a page.
const SearchedList = lazy(() => import("./SearchedList"));

/** One of many labels, found by typing a part of its name or of a parent's. */
export function Combobox(props: ComboboxProps) {
  return (
    <Suspense fallback={<Placeholder {...props} />}>
      <SearchedList {...props} />
    </Suspense>
  );
}

/** Of the same size, so that nothing moves. */
function Placeholder({ name, hideName = false, value, placeholder }: ComboboxProps) {
  return (
    <label className="field">
      <span className={hideName ? "visually-hidden" : "field-name"}>{name}</span>
      <input className="input" value={value ?? ""} placeholder={placeholder} disabled />
    </label>
  );
}
