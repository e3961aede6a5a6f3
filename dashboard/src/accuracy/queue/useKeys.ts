import { useEffectEvent, useLayoutEffect } from "react";

/** Does what `actionOf` finds for a key, unless something is being written or a dialog is open. */
export function useKeys(actionOf: (event: KeyboardEvent) => (() => void) | undefined): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
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

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, select, textarea, button, a");
}
