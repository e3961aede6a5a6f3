import { useEffectEvent, useLayoutEffect } from "react";

/** Does what `actionOf` finds for a key, unless something is being written or a dialog is open. */
export function useKeys(actionOf: (event: KeyboardEvent) => (() => void) | undefined): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.repeat || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || isTaken(event)) return;
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault();
    action();
  });
  // With the layout, not after it: a key between the two would label the image that has just gone.
  useLayoutEffect(() => {
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("keydown", onKey);
    };
  }, []);
}

const WRITTEN = "input, select, textarea, [contenteditable]:not([contenteditable=false])";

/** Whether the key does something where the focus is: writes, or presses a button. */
function isTaken({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  const pressed = key === "Enter" || key === " " ? ", button, a, summary" : "";
  return target.closest(WRITTEN + pressed) !== null;
}
