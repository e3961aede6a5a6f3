import { useEffect, useEffectEvent } from "react";

/** What the space bar already does something on. */
const TAKEN = "button, a, input, select, textarea, summary, dialog, [role=option], [role=switch]";

/** Calls back for the space bar wherever it has no other meaning. */
export function useSpaceBar(onSpace: (() => void) | null): void {
  const press = useEffectEvent(() => onSpace?.());
  const active = onSpace !== null;
  useEffect(() => {
    if (!active) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.code !== "Space" || event.repeat || event.ctrlKey || event.altKey || event.metaKey)
        return;
      if (event.target instanceof Element && event.target.closest(TAKEN) !== null) return;
      event.preventDefault(); // the page does not scroll
      press();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => {
      document.removeEventListener("keydown", onKeyDown);
    };
  }, [active]);
}
