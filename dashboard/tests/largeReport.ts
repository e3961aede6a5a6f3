import type { Report, TreeNode } from "visionflow-client";

import written from "./data/report.json";

/** Groups of families of ten labels each: a thousand labels on three levels. */
const SIDE = 10;
const IMAGES = 20;
/** One image of a label is taken for the next one, for some also one of another group. */
const FAR = 37;

const numbers = Array.from({ length: SIDE ** 3 }, (_, index) => index);
const digits = (index: number) => String(index).padStart(3, "0");
export const labels = numbers.map((index) => `label ${digits(index)}`);
export const familyOf = (index: number) => `family ${digits(index).slice(0, 2)}`;
export const groupOf = (index: number) => `group ${digits(index).slice(0, 1)}`;

export const tree: TreeNode[] = [
  ...numbers.map((index) => ({ name: labels[index] ?? "", parent: familyOf(index) })),
  ...numbers
    .filter((index) => index % SIDE === 0)
    .map((index) => ({ name: familyOf(index), parent: groupOf(index) })),
  ...numbers
    .filter((index) => index % SIDE ** 2 === 0)
    .map((index) => ({ name: groupOf(index), parent: null })),
];

const cells = numbers.flatMap((truth) => [
  { truth, answer: truth, images: IMAGES - 1 - (truth % FAR === 0 ? 2 : 0) },
  { truth, answer: (truth + 1) % numbers.length, images: 1 },
  ...(truth % FAR === 0 ? [{ truth, answer: (truth + 500) % numbers.length, images: 2 }] : []),
]);

/** What a training with a thousand classes would report, with and without their parents. */
export function largeReport({ withParents }: { withParents: boolean }): Report {
  const { test, data, findings, ...rest } = written as unknown as Report;
  const [shape] = test.classes;
  if (!shape) throw new Error("the report has no class");
  const interval = { low: 0.7, high: 0.9 };
  return {
    ...rest,
    data: {
      ...data,
      labels,
      ...(data.groups && { groups: { ...data.groups, single_group_labels: labels } }),
    },
    test: {
      ...test,
      images: numbers.length * IMAGES,
      classes: numbers.map((index) => ({
        ...shape,
        label: labels[index] ?? "",
        images: IMAGES,
        recall: index % FAR === 0 ? 0.85 : 0.95,
      })),
      confusion: {
        truth: cells.map(({ truth }) => truth),
        answer: cells.map(({ answer }) => answer),
        images: cells.map(({ images }) => images),
      },
    },
    findings: {
      ...findings,
      embedding_map: {
        skipped: null,
        x: numbers.map((index) => index % SIDE),
        y: numbers.map((index) => Math.floor(index / SIDE)),
        truth: numbers,
        answer: numbers.map((index) => (index % FAR === 0 ? index + 1 : index)),
      },
    },
    tree: withParents ? tree : [],
    levels: withParents
      ? {
          levels: [
            { level: 0, names: 10, top1: 0.95, top1_interval: interval, ece: 0.01 },
            { level: 1, names: 100, top1: 0.9, top1_interval: interval, ece: 0.02 },
            { level: 2, names: 1000, top1: 0.8, top1_interval: interval, ece: 0.03 },
          ],
          served: { threshold: 0.42, leaf: 0.7, parent: 0.2, right: 0.93 },
          curve: [
            { threshold: 0, leaf: 1, parent: 0, right: 0.8 },
            { threshold: 0.5, leaf: 0.6, parent: 0.3, right: 0.95 },
            { threshold: 1, leaf: 0, parent: 0.1, right: 1 },
          ],
        }
      : null,
  };
}
