import { typeOf } from "../../api/imageFormats";
import { droppedFiles } from "../../ui/intake/dropped";

/** What was dropped or pasted; of folders, at any depth, the images by their paths. */
export async function imagesIn(data: DataTransfer): Promise<File[]> {
  const dropped = await droppedFiles(data);
  dropped.sort((a, b) => a.path.localeCompare(b.path, undefined, { numeric: true }));
  const found: File[] = [];
  for (const { file, inFolder } of dropped) {
    if (!inFolder || (await typeOf(file)) !== null) found.push(file);
  }
  return found;
}
