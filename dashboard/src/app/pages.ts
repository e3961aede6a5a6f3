import { type ComponentType, createElement, lazy, useState } from "react";

type Load = () => Promise<{ default: ComponentType }>;

/**
 * A page whose code comes when it is opened. Code that is here already is drawn at once: `lazy`
 * alone would show the waiting page first, which React then keeps for 300 ms.
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

/** Fetches the code of the page that an address names; ends when it is here or could not be had. */
export async function preloadPage(hash: string): Promise<void> {
  const path = hash.replace(/^#/, "").split("?")[0] ?? "";
  const name = PAGE_NAMES.find((known) => PAGES[known].path === path) ?? "live";
  await PAGES[name].load().catch(() => undefined); // asked for again, and reported, when shown
}
