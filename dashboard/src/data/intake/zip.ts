import { Unzip, UnzipInflate } from "fflate";

import { type Arrival, imageType, isJunk, labelOf } from "./arrivals";

/** Read at a time, so that the page stays quick and a large archive is never in memory whole. */
const SLICE_BYTES = 4_000_000;

/**
 * Gives the images of a zip file one by one as they are unpacked; other files are passed over.
 * Throws what fflate does where the file is not a zip.
 */
export async function unpack(zip: File, onImage: (arrival: Arrival) => void): Promise<void> {
  const failures: Error[] = [];
  const reader = new Unzip((entry) => {
    const type = isJunk(entry.name) ? null : imageType({ type: "", name: entry.name });
    if (type === null) return;
    const chunks: BlobPart[] = [];
    entry.ondata = (error, data, final) => {
      if (error) failures.push(error);
      else chunks.push(new Uint8Array(data));
      if (final && failures.length === 0) {
        const name = entry.name.split("/").at(-1) ?? entry.name;
        onImage({ file: new File(chunks, name, { type }), label: labelOf(entry.name) });
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
}
