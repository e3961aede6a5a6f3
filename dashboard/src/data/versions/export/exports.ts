import { Zip, ZipPassThrough } from "fflate";
import { type Client, imageSuffix, MOST_LINKS } from "visionflow-client";

import { BYTE_ORDER_MARK, csvLine } from "../../../ui/csv";
import { fetchFile, type VersionImage } from "./manifest";
import type { Sink } from "./sink";

type Images = AsyncIterator<VersionImage, void>;
/** The name of an image's file; `undefined` for one that was erased from the dataset. */
type NameOf = (sha256: string) => string | null | undefined;

/** The format without extensions counts to 65,535; two more are the manifests. */
const MOST_ENTRIES = 65_000;
const PARALLEL = 6;
const LINES_AT_ONCE = 1000;
const HEADER = ["sha256", "file_name", "label", "part", "group", "source"];

/** How an image stands in a table; `import` of the page and of the command line read it. */
function tableLine({ sha256, label, part, group, source }: VersionImage, file: string | null) {
  return csvLine([sha256, file, label, part, group, source]);
}

/** Reads what the images of a dataset are called; in a browser's table some may be gone since. */
export async function readNames(api: Client, name: string, signal: AbortSignal): Promise<NameOf> {
  const names = new Map<string, string | null>();
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<Client["datasetImages"]>> = await api.datasetImages(
      name,
      cursor,
      signal,
    );
    for (const { sha256, file_name } of page.items) names.set(sha256, file_name);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return (sha256) => names.get(sha256);
}

/**
 * Writes a line for each image, and returns how many are left out because they were erased;
 * `onCount` gets how many are written.
 */
export async function writeLines(
  format: "csv" | "jsonl",
  images: Images,
  nameOf: NameOf,
  sink: Sink,
  onCount: (count: number) => void,
): Promise<number> {
  let lines = format === "csv" ? BYTE_ORDER_MARK + csvLine(HEADER) : "";
  let count = 0;
  let erased = 0;
  for (;;) {
    const { done, value } = await images.next();
    if (!done) {
      const file = nameOf(value.sha256);
      if (file === undefined) {
        erased += 1;
        continue;
      }
      lines +=
        format === "csv"
          ? tableLine(value, file)
          : `${JSON.stringify({ ...value, file_name: file })}\n`;
      count += 1;
    }
    if (done || count % LINES_AT_ONCE === 0) {
      await sink.write(lines);
      lines = "";
      onCount(count);
    }
    if (done) return erased;
  }
}

/**
 * Images of a version in folders of classes, as `<class>/<sha256>.<ending>`, with `manifest.csv`
 * and `manifest.jsonl`. A file that is full ends, and the next call goes on in another one.
 * Images that were erased since the version was made are left out.
 */
export class ZipExport {
  readonly #api: Client;
  readonly #name: string;
  readonly #images: Images;
  readonly #most: number;
  #waiting: VersionImage[] = [];
  #written = 0;
  #erased = 0;

  constructor(api: Client, name: string, images: Images, mostEntries = MOST_ENTRIES) {
    this.#api = api;
    this.#name = name;
    this.#images = images;
    this.#most = mostEntries;
  }

  /** How many images were left out so far. */
  get erased(): number {
    return this.#erased;
  }

  /** Writes until all images are in a file, or `sink` is full; returns whether some are left. */
  async write(sink: Sink, onCount: (count: number) => void, signal: AbortSignal): Promise<boolean> {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    const zip = new Zip((error, chunk) => {
      if (error) throw error;
      chunks.push(new Uint8Array(chunk));
    });
    let bytes = 0;
    const flush = async () => {
      for (const chunk of chunks.splice(0)) {
        bytes += chunk.length;
        await sink.write(chunk);
      }
    };
    const add = (path: string, data: Uint8Array) => {
      const entry = new ZipPassThrough(path); // images are compressed already
      zip.add(entry);
      entry.push(data, true);
    };
    let table = BYTE_ORDER_MARK + csvLine(HEADER);
    let lines = "";
    let entries = 0;
    await this.#fill();
    while (this.#waiting.length > 0 && entries < this.#most) {
      const room = Math.min(MOST_LINKS, this.#most - entries);
      const some = this.#waiting.slice(0, room);
      const hashes = some.map(({ sha256 }) => sha256);
      const links = await this.#api.imageLinks(this.#name, hashes, signal);
      for (let start = 0; start < some.length; start += PARALLEL) {
        const few = some.slice(start, start + PARALLEL);
        const found = await Promise.all(
          few.map(async (image) => {
            const url = links[image.sha256];
            return url === undefined ? [] : [{ image, data: await content(url, signal) }];
          }),
        );
        const there = found.flat();
        const size = there.reduce((sum, { data }) => sum + data.length, 0);
        if (entries > 0 && bytes + size > sink.most * 0.99) {
          await this.#finish(zip, add, table, lines, flush);
          return true;
        }
        for (const { image, data } of there) {
          const path = `${image.label}/${image.sha256}.${imageSuffix(data)}`;
          add(path, data);
          table += tableLine(image, path);
          lines += `${JSON.stringify({ ...image, file_name: path })}\n`;
        }
        await flush();
        entries += there.length;
        this.#waiting.splice(0, few.length);
        this.#written += there.length;
        this.#erased += few.length - there.length;
        onCount(this.#written);
      }
      await this.#fill();
    }
    await this.#finish(zip, add, table, lines, flush);
    return this.#waiting.length > 0;
  }

  async #fill(): Promise<void> {
    while (this.#waiting.length < MOST_LINKS) {
      const { done, value } = await this.#images.next();
      if (done) return;
      this.#waiting.push(value);
    }
  }

  async #finish(
    zip: Zip,
    add: (path: string, data: Uint8Array) => void,
    table: string,
    lines: string,
    flush: () => Promise<void>,
  ): Promise<void> {
    const encoder = new TextEncoder();
    add("manifest.csv", encoder.encode(table));
    add("manifest.jsonl", encoder.encode(lines));
    zip.end();
    await flush();
  }
}

async function content(url: string, signal: AbortSignal): Promise<Uint8Array> {
  return new Uint8Array(await (await fetchFile(url, signal)).arrayBuffer());
}
