import type { GroupSummary, LabelCheck, SetCoverage, Unfamiliar } from "../src/api/artifact";
import written from "./data/report.older.json";

const IMAGE = "data:image/jpeg;base64,/9j/";

export const GROUPS: GroupSummary = {
  by: "auto",
  images: 2673,
  groups: 1204,
  largest: 14,
  sizes: [
    { low: 1, high: 1, groups: 800, images: 800 },
    { low: 2, high: 2, groups: 250, images: 500 },
    { low: 3, high: 4, groups: 120, images: 410 },
    { low: 5, high: 8, groups: 30, images: 200 },
    { low: 9, high: 16, groups: 4, images: 48 },
  ],
  would_leak: 211,
  would_leak_of: 802,
  single_group_labels: ["lighthouse"],
  leaks: [
    { part: "test", images: 267, leaking: 12, examples: ["cat/7.jpg", "cat/8.jpg"] },
    { part: "validation", images: 535, leaking: 0, examples: [] },
  ],
};

export const LABELS: LabelCheck = {
  skipped: null,
  scores: {
    folds: 5,
    images: 2673,
    grouped_top1: 0.782,
    grouped_interval: { low: 0.75, high: 0.81 },
    random_top1: 0.969,
    random_interval: { low: 0.962, high: 0.975 },
  },
  suspects: [
    {
      file: "cat/12.jpg",
      label: "cat",
      suggested: "dog",
      confidence: 0.0123,
      suggested_confidence: 0.951,
      image: IMAGE,
    },
    {
      file: "dog/3.jpg",
      label: "dog",
      suggested: "cat",
      confidence: 0.2,
      suggested_confidence: 0.7,
      image: null,
    },
  ],
  suspect_count: 130,
};

export const UNFAMILIAR: Unfamiliar = {
  threshold: 0.4125,
  kept_target: 0.95,
  kept_validation: 0.951,
  kept_test: 0.944,
  unsure_test: 0.011,
  unfamiliar_test: 0.045,
  strangers: [
    {
      name: "flowers5",
      images: 500,
      auroc: 0.9876,
      answered: 0.024,
      curve: { area: 0.9876, x: [0, 0.02, 1], y: [0, 0.94, 1] },
    },
    {
      name: "cifar10",
      images: 1000,
      auroc: 0.95,
      answered: 0.038,
      curve: { area: 0.95, x: [0, 0.1, 1], y: [0, 0.9, 1] },
    },
  ],
};

export const SETS: SetCoverage[] = [
  {
    coverage: 0.9,
    measured: 0.911,
    interval: { low: 0.87, high: 0.94 },
    mean_size: 0.97,
    empty: 0.05,
  },
  {
    coverage: 0.95,
    measured: 0.955,
    interval: { low: 0.92, high: 0.975 },
    mean_size: 1.12,
    empty: 0,
  },
];

/** The real report with what training measures since images are grouped. */
export function provenReport(changes: object = {}) {
  const { data, test } = written;
  return {
    ...written,
    data: {
      ...data,
      groups: GROUPS,
      train: { ...data.train, groups: 800 },
      validation: { ...data.validation, groups: 270 },
      test: { ...data.test, groups: 134, carved: false },
    },
    test: { ...test, ece_interval: { low: 0.012, high: 0.031 }, groups: 134, few_groups: false },
    labels: LABELS,
    unfamiliar: UNFAMILIAR,
    prediction_sets: SETS,
    ...changes,
  };
}
