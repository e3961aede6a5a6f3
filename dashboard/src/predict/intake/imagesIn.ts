import { imageType, typeOf } from "visionflow-client";

import { droppedFiles } from "../../ui/intake/dropped";

/** What was dropped or pasted; of folders, at any depth, the images by their paths. */
export async function imagesIn(data: DataTransfer): Promise<File[]> {
  const dropped = await droppedFiles(data);
  dropped.sort((a, b) => a.path.localeCompare(b.path, undefined, { numeric: true }));
  const found: File[] = [];
  for (const { file, inFolder } of dropped) {
    // A file that cannot be read is told of when its turn comes, with the others.
    const type = inFolder ? await typeOf(file).catch(() => imageType(file)) : undefined;
    if (type !== null) found.push(file);
  }
  return found;
}
