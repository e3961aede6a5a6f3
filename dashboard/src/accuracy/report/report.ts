import type { Findings, ImageAnswer, Report } from "../../api/artifact";

/** The report, or `null` if there is none or it is from a version that this page cannot read. */
export function readReport(json: Partial<Report> | null | undefined): Report | null {
  return json?.data && json.findings && json.test?.images !== undefined ? (json as Report) : null;
}

/** The images in the report for one cell of the confusion matrix, each once. */
export function imagesOf(
  { right, wrong, mistakes }: Findings,
  truth: string,
  answer: string,
): ImageAnswer[] {
  const all = [...right, ...wrong].map(({ image }) => image).concat(mistakes);
  const byFile = new Map(all.map((image) => [image.file, image]));
  return [...byFile.values()].filter((image) => image.truth === truth && image.answer === answer);
}

/** Beside a report: the images of its map, row by row (`training/evaluation/sprite_sheet.py`). */
export const MAP_IMAGES_FILE = "plots/embedding_map_images.jpg";

/** The position of image `index` of `count` on the sheet, in tiles. */
export function tileOf(index: number, count: number) {
  const columns = Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  return { column: index % columns, row: Math.floor(index / columns), columns, rows };
}
