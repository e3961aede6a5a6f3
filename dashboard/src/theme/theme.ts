import { useSyncExternalStore } from "react";

/** `system` (the default) follows the operating system. */
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const STORAGE_KEY = "visionflow.theme";
const CHANGED = new EventTarget();

export function storedTheme(storage: Storage = localStorage): Theme {
  return THEMES.find((known) => known === storage.getItem(STORAGE_KEY)) ?? "system";
}

/** Applies `theme` without storing it. */
export function showTheme(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === "system") delete dataset.theme;
  else dataset.theme = theme;
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(STORAGE_KEY, theme);
  showTheme(theme);
  CHANGED.dispatchEvent(new Event("change"));
}

export function useTheme(): Theme {
  return useSyncExternalStore(
    (onChange) => {
      CHANGED.addEventListener("change", onChange);
      return () => {
        CHANGED.removeEventListener("change", onChange);
      };
    },
    () => storedTheme(),
  );
}
