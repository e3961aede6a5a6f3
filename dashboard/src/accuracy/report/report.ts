import type { Findings, Interval, ImageAnswer, Report } from "../../api/artifact";

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

/** Beside a report: the images of its map, row by row (`training/evaluation/contact_sheet.py`). */
export const MAP_IMAGES_FILE = "plots/embedding_map_images.jpg";

/** The position of image `index` of `count` on the sheet, in tiles. */
export function tileOf(index: number, count: number) {
  const columns = Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  return { column: index % columns, row: Math.floor(index / columns), columns, rows };
}

const Z_95 = 1.959964;

/**
 * The 95 % interval of a share that was seen `count` times in `n` (Wilson's score interval, as
 * `training/evaluation` and the API use it); `null` without an observation.
 */
export function wilson(count: number, n: number): Interval | null {
  if (n === 0) return null;
  const share = count / n;
  const z2 = Z_95 ** 2;
  const centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z_95 / (1 + z2 / n)) * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n ** 2));
  return { low: Math.max(centre - half, 0), high: Math.min(centre + half, 1) };
}
