import { download } from "../../../ui/download";

/** Zip files without extensions of the format hold less than 4 GiB. */
const MOST_ON_DISK = 4_000_000_000;
/** What a browser that cannot write to the disk keeps in memory until the file is whole. */
export const MOST_IN_MEMORY = 500_000_000;

/** Where an export goes. */
export interface Sink {
  /** Bytes that it takes. */
  readonly most: number;
  write(chunk: string | Uint8Array<ArrayBuffer>): Promise<void>;
  close(): Promise<void>;
  /** Ends without a file. */
  abort(): Promise<void>;
}

/** Only some browsers have it, so TypeScript's library does not. */
interface SavePicker {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;
}

export const canStream = (): boolean => (window as SavePicker).showSaveFilePicker !== undefined;

/**
 * A file that the person chooses, written as it comes; a download from memory where the browser
 * cannot do that. To be called by a click. Throws an `AbortError` where nothing was chosen.
 */
export async function openSink(name: string, type: string): Promise<Sink> {
  const handle = await (window as SavePicker).showSaveFilePicker?.({ suggestedName: name });
  if (handle === undefined) return inMemory(name, type);
  const file = await handle.createWritable();
  return {
    most: MOST_ON_DISK,
    write: (chunk) => file.write(chunk),
    close: () => file.close(),
    abort: () => file.abort(),
  };
}

function inMemory(name: string, type: string): Sink {
  const chunks: BlobPart[] = [];
  return {
    most: MOST_IN_MEMORY,
    write: (chunk) => {
      chunks.push(chunk);
      return Promise.resolve();
    },
    close: () => {
      download(new Blob(chunks), type, name);
      return Promise.resolve();
    },
    abort: () => Promise.resolve(),
  };
}
