import { lazy } from "react";

/** The pages in the order of the navigation. Each comes with its own code when it is opened. */
export const PAGES = {
  live: { path: "/", Page: lazy(() => import("../live/LivePage")) },
  predict: { path: "/predict", Page: lazy(() => import("../predict/PredictPage")) },
  history: { path: "/history", Page: lazy(() => import("../history/HistoryPage")) },
  accuracy: { path: "/accuracy", Page: lazy(() => import("../accuracy/AccuracyPage")) },
  models: { path: "/models", Page: lazy(() => import("../models/ModelsPage")) },
  training: { path: "/training", Page: lazy(() => import("../training/TrainingPage")) },
} as const;

export type PageName = keyof typeof PAGES;
export const PAGE_NAMES = Object.keys(PAGES) as PageName[];
