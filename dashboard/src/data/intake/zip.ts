import { Unzip, UnzipInflate } from "fflate";
import { imageType } from "visionflow-client";

import { isJunk } from "../../ui/intake/dropped";
import { type Arrival, labelOf } from "./arrivals";

/** Read at a time, so that the page stays quick and a large archive is never in memory whole. */
const SLICE_BYTES = 4_000_000;

/**
 * Gives the images of a zip file one by one as they are unpacked, or the files that `isWanted`
 * names; others are passed over.
 * Throws where the file is not a zip, or what fflate does where it cannot be unpacked.
 */
export async function unpack(
  zip: File,
  onFile: (arrival: Arrival) => void,
  isWanted = (name: string) => imageType({ type: "", name }) !== null,
): Promise<void> {
  const failures: Error[] = [];
  let entries = 0;
  const reader = new Unzip((entry) => {
    entries += 1;
    if (isJunk(entry.name) || !isWanted(entry.name)) return;
    const type = imageType({ type: "", name: entry.name }) ?? "";
    const chunks: BlobPart[] = [];
    entry.ondata = (error, data, final) => {
      if (error) failures.push(error);
      else chunks.push(new Uint8Array(data));
      if (final && failures.length === 0) {
        const name = entry.name.split("/").at(-1) ?? entry.name;
        onFile({
          file: new File(chunks, name, { type }),
          label: labelOf(entry.name),
          path: entry.name,
        });
      }
    };
    entry.start();
  });
  reader.register(UnzipInflate);
  for (let start = 0; start < zip.size; start += SLICE_BYTES) {
    const slice = zip.slice(start, start + SLICE_BYTES);
    reader.push(new Uint8Array(await slice.arrayBuffer()), start + SLICE_BYTES >= zip.size);
    if (failures[0]) throw failures[0];
  }
  if (entries === 0) throw new Error("not a zip file");
}
