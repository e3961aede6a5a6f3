import { type ComponentType, lazy } from "react";

type Load = () => Promise<{ default: ComponentType }>;

const page = (path: string, load: Load) => ({ path, load, Page: lazy(load) });

/** The pages in the order of the navigation. Each comes with its own code when it is opened. */
export const PAGES = {
  live: page("/", () => import("../live/LivePage")),
  predict: page("/predict", () => import("../predict/PredictPage")),
  history: page("/history", () => import("../history/HistoryPage")),
  accuracy: page("/accuracy", () => import("../accuracy/AccuracyPage")),
  models: page("/models", () => import("../models/ModelsPage")),
  training: page("/training", () => import("../training/TrainingPage")),
} as const;

export type PageName = keyof typeof PAGES;
export const PAGE_NAMES = Object.keys(PAGES) as PageName[];

/** Fetches the code of the page that an address names, while the page's start-up still goes on. */
export function preloadPage(hash: string): void {
  const path = hash.replace(/^#/, "").split("?")[0] ?? "";
  const name = PAGE_NAMES.find((known) => PAGES[known].path === path) ?? "live";
  PAGES[name].load().catch(() => undefined); // asked for again, and reported, when it is shown
}
