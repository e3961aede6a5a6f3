import { Zip, ZipPassThrough } from "fflate";

import type { Api } from "../../../api/client";
import { MOST_LINKS } from "../../../api/datasets";
import { ApiError } from "../../../api/errors";
import { BYTE_ORDER_MARK, csvLine } from "../../../ui/csv";
import { fetchFile, type VersionImage } from "./manifest";
import type { Sink } from "./sink";

type Images = AsyncIterator<VersionImage, void>;
type NameOf = (sha256: string) => string | null;

/** The format without extensions counts to 65,535; two more are the manifests. */
const MOST_ENTRIES = 65_000;
const PARALLEL = 6;
const LINES_AT_ONCE = 1000;
const HEADER = ["sha256", "file_name", "label", "part", "group", "source"];

/** How an image stands in a table; `import` of the page and of the command line read it. */
function tableLine({ sha256, label, part, group, source }: VersionImage, file: string | null) {
  return csvLine([sha256, file, label, part, group, source]);
}

/** Writes what `line` makes of each image; `onCount` gets how many are written. */
export async function writeLines(
  format: "csv" | "jsonl",
  images: Images,
  nameOf: NameOf,
  sink: Sink,
  onCount: (count: number) => void,
): Promise<void> {
  let lines = format === "csv" ? BYTE_ORDER_MARK + csvLine(HEADER) : "";
  let count = 0;
  for (;;) {
    const { done, value } = await images.next();
    if (!done) {
      const file = nameOf(value.sha256);
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
    if (done) return;
  }
}

/**
 * Images of a version in folders of classes, as `<class>/<sha256>.<ending>`, with `manifest.csv`
 * and `manifest.jsonl`. A file that is full ends, and the next call goes on in another one.
 */
export class ZipExport {
  readonly #api: Api;
  readonly #name: string;
  readonly #images: Images;
  readonly #most: number;
  #waiting: VersionImage[] = [];
  #written = 0;

  constructor(api: Api, name: string, images: Images, mostEntries = MOST_ENTRIES) {
    this.#api = api;
    this.#name = name;
    this.#images = images;
    this.#most = mostEntries;
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
        const contents = await Promise.all(
          few.map(({ sha256 }) => content(links[sha256], sha256, signal)),
        );
        const size = contents.reduce((sum, data) => sum + data.length, 0);
        if (entries > 0 && bytes + size > sink.most * 0.99) {
          await this.#finish(zip, add, table, lines, flush);
          return true;
        }
        few.forEach((image, index) => {
          const data = contents[index] ?? new Uint8Array();
          const path = `${image.label}/${image.sha256}.${ending(data)}`;
          add(path, data);
          table += tableLine(image, path);
          lines += `${JSON.stringify({ ...image, file_name: path })}\n`;
        });
        await flush();
        entries += few.length;
        this.#waiting.splice(0, few.length);
        this.#written += few.length;
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

async function content(
  url: string | undefined,
  sha256: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (url === undefined) throw new ApiError("image_missing", `${sha256} is no longer there.`);
  return new Uint8Array(await (await fetchFile(url, signal)).arrayBuffer());
}

/** The first bytes of each format that the service reads. */
const SIGNATURES: readonly [ending: string, pattern: RegExp][] = [
  ["jpg", /^\xff\xd8/],
  ["png", /^\x89PNG/],
  ["gif", /^GIF8/],
  ["webp", /^RIFF.{4}WEBP/s],
  ["bmp", /^BM/],
  ["tif", /^(?:II\*\0|MM\0\*|II\+\0|MM\0\+)/],
];

function ending(data: Uint8Array): string {
  const start = String.fromCharCode(...data.subarray(0, 12));
  return SIGNATURES.find(([, pattern]) => pattern.test(start))?.[0] ?? "heic";
}
