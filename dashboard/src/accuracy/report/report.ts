import type { Findings, ImageAnswer, Report } from "visionflow-client";

import { LabelTree } from "../../registry/labelTree";
import type { Choice } from "../../ui/combobox/Combobox";

/** The report, or `null` if there is none or it is from a version that this page cannot read. */
export function readReport(json: Partial<Report> | null | undefined): Report | null {
  return json?.data && json.findings && json.test?.images !== undefined ? (json as Report) : null;
}

/** The labels with their parents; without any in versions that have none. */
export function treeOf({ data, tree = [] }: Report): LabelTree {
  return tree.length === 0 ? new LabelTree(data.labels) : new LabelTree(data.labels, tree);
}

/** Everything of the tree to choose from, parents among the labels. */
export function choicesOf(tree: LabelTree): Choice[] {
  return [...tree.labels, ...tree.parents]
    .sort(new Intl.Collator().compare)
    .map((name) => ({ name, above: tree.above(name) }));
}

/** The images in the report for one cell of the confusion matrix, each once. */
export function imagesOf(
  { right, wrong, mistakes }: Findings,
  tree: LabelTree,
  truth: string,
  answer: string,
): ImageAnswer[] {
  const all = [...right, ...wrong].map(({ image }) => image).concat(mistakes);
  const byFile = new Map(all.map((image) => [image.file, image]));
  return [...byFile.values()].filter(
    (image) => tree.covers(truth, image.truth) && tree.covers(answer, image.answer),
  );
}

/** Beside a report: the images of its map, row by row (`training/evaluation/sprite_sheet.py`). */
export const MAP_IMAGES_FILE = "plots/embedding_map_images.jpg";

/** The position of image `index` of `count` on the sheet, in tiles. */
export function tileOf(index: number, count: number) {
  const columns = Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  return { column: index % columns, row: Math.floor(index / columns), columns, rows };
}
