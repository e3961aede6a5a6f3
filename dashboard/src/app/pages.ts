import { type ComponentType, createElement, lazy, useState } from "react";
import { matchPath } from "react-router";

type Load = () => Promise<{ default: ComponentType }>;

/**
 * A page whose code loads when it is opened. Code that is loaded already renders at once: `lazy`
 * alone would show the skeleton first, which React then keeps for 300 ms.
 */
function page(path: string, load: Load) {
  let ready: ComponentType | null = null;
  const fetched = async () => {
    const module = await load();
    ready = module.default;
    return module;
  };
  const Later = lazy(fetched);
  function Page() {
    const [content] = useState<ComponentType>(() => ready ?? Later);
    return createElement(content);
  }
  return { path, load: fetched, Page };
}

/** The pages: those of the navigation in its order, then those that other pages lead to. */
export const PAGES = {
  live: page("/", () => import("../live/LivePage")),
  predict: page("/predict", () => import("../predict/PredictPage")),
  history: page("/history", () => import("../history/HistoryPage")),
  accuracy: page("/accuracy", () => import("../accuracy/AccuracyPage")),
  models: page("/models", () => import("../models/ModelsPage")),
  data: page("/data", () => import("../data/DataPage")),
  training: page("/training", () => import("../training/TrainingPage")),
  access: page("/access", () => import("../admin/AccessPage")),
  device: page("/device", () => import("../device/DevicePage")),
  overTime: page("/over-time", () => import("../live/overtime/OverTimePage")),
  cost: page("/cost", () => import("../live/cost/CostPage")),
  backfills: page("/models/backfills", () => import("../models/backfills/BackfillsPage")),
  comparison: page(
    "/models/backfills/:id/comparison",
    () => import("../models/backfills/comparison/ComparisonPage"),
  ),
  account: page("/account", () => import("../account/AccountPage")),
} as const;

export type PageName = keyof typeof PAGES;
export const PAGE_NAMES = Object.keys(PAGES) as PageName[];

/** Loads the code of the page at `hash`; resolves when that has succeeded or failed. */
export async function preloadPage(hash: string): Promise<void> {
  const path = hash.replace(/^#/, "").split("?")[0] ?? "";
  const name = PAGE_NAMES.find((known) => matchPath(PAGES[known].path, path) !== null) ?? "live";
  await PAGES[name].load().catch(() => undefined); // loaded again, and reported, when shown
}
