import type { Arrival } from "./arrivals";
import { isZip } from "./arrivals";
import { isTable, type LabelRow } from "./formats/labelTable";
import type { Uploads } from "./uploads";

/** A file that was not used, and why; `cause` of a zip file is whatever unpacking threw. */
export class IntakeError extends Error {
  readonly file: string;

  constructor(file: string, cause: unknown) {
    super(file, { cause });
    this.file = file;
  }
}

/**
 * Sends what was chosen. The class of an image comes from a table among the files, else from its
 * folder, else it is `label`. Returns what tables say of images by their hashes where they came
 * without an image. Throws `IntakeError`; of a folder or zip with a bad table nothing is sent.
 */
export async function takeIn(
  arrivals: readonly Arrival[],
  label: string | null,
  uploads: Uploads,
): Promise<ReadonlyMap<string, LabelRow>> {
  const zips = arrivals.filter(({ file }) => isZip(file));
  const tables = arrivals.filter(({ file }) => isTable(file.name));
  const images = arrivals.filter(({ file }) => !isZip(file) && !isTable(file.name));
  if (tables.length === 0) {
    uploads.add(images.map((image) => ({ ...image, label: image.label ?? label })));
  }
  const found = tables.length === 0 ? null : await labelsOf(tables, "");
  if (found !== null) {
    for (const image of images) uploads.add([await found.place(image, label)]);
  }
  for (const { file } of zips) await unzip(file, label, uploads);
  return found !== null && images.length === 0 ? found.byHash : new Map();
}

async function unzip(zip: File, label: string | null, uploads: Uploads): Promise<void> {
  const { unpack } = await import("./zip");
  const tables: Arrival[] = [];
  try {
    await unpack(zip, (table) => tables.push(table), isTable);
  } catch (cause) {
    throw new IntakeError(zip.name, cause);
  }
  const found = tables.length === 0 ? null : await labelsOf(tables, `${zip.name}/`);
  let placing = Promise.resolve();
  try {
    await unpack(zip, (image) => {
      if (found === null) uploads.add([{ ...image, label: image.label ?? label }]);
      else {
        placing = placing.then(async () => {
          uploads.add([await found.place(image, label)]);
        });
      }
    });
  } catch (cause) {
    throw new IntakeError(zip.name, cause);
  }
  await placing;
}

async function labelsOf(tables: readonly Arrival[], above: string) {
  const { readTable } = await import("./formats/labelTable");
  const { Labels } = await import("./formats/labelled");
  const placed = [];
  for (const { file, path = file.name } of tables) {
    try {
      placed.push({ path, rows: await readTable(file) });
    } catch (cause) {
      throw new IntakeError(`${above}${path}`, cause);
    }
  }
  return new Labels(placed);
}
