import { gzipSync, strFromU8, strToU8, unzipSync } from "fflate";
import { createClient } from "visionflow-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { readNames, writeLines, ZipExport } from "../../src/data/versions/export/exports";
import { readManifest, type VersionImage } from "../../src/data/versions/export/manifest";
import type { Sink } from "../../src/data/versions/export/sink";
import { FakeApi } from "../fakeApi";
import { dataset, hash, image } from "../fakeDatasets";

const JPEG = "\u00ff\u00d8\u00ff";
const lines: VersionImage[] = [1, 2, 3].map((n) => ({
  sha256: hash(n),
  label: n === 3 ? "=배" : "apple",
  part: n === 1 ? "test" : null,
  group: hash(n),
  source: "upload",
  added_by: "tester",
  added_at: "2026-11-27T02:00:00.000000Z",
}));

function sink(most = 1e9) {
  const chunks: Uint8Array[] = [];
  const made: Sink = {
    most,
    write: (chunk) => {
      chunks.push(typeof chunk === "string" ? strToU8(chunk) : chunk);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
    abort: () => Promise.resolve(),
  };
  const bytes = () => new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
  return { made, bytes, text: () => new TextDecoder().decode(bytes()) };
}

const { signal } = new AbortController();
const manifest = () => readManifest("http://bucket.test/manifest.jsonl.gz", signal);
const nothing = () => undefined;

beforeEach(() => {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  const packed = new Uint8Array(gzipSync(strToU8(text)));
  vi.stubGlobal("fetch", (url: string) => {
    if (url.endsWith("manifest.jsonl.gz")) return Promise.resolve(new Response(packed));
    return Promise.resolve(new Response(new Uint8Array([0xff, 0xd8, 0xff, Number(url.at(-1))])));
  });
});
afterEach(() => vi.unstubAllGlobals());

function started() {
  const fake = new FakeApi();
  fake.datasets.list = [dataset("fruit")];
  fake.datasets.images = [image(1), image(2), image(3)];
  return { fake, api: createClient({ url: fake.url, fetch: fake.fetch, retries: 0 }) };
}

describe("a version", () => {
  it("is written as a table that no spreadsheet runs", async () => {
    const { made, bytes, text } = sink();
    const counts: number[] = [];
    await writeLines(
      "csv",
      manifest(),
      () => "1.jpg",
      made,
      (n) => counts.push(n),
    );
    const [header, first, , third] = text().split("\r\n");
    expect([...bytes().subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    expect(header).toBe("sha256,file_name,label,part,group,source");
    expect(first).toBe(`${hash(1)},1.jpg,apple,test,${hash(1)},upload`);
    expect(third).toContain(",'=배,");
    expect(counts).toEqual([3]);
  });

  it("is written as JSON Lines with the names of its files", async () => {
    const { made, text } = sink();
    await writeLines("jsonl", manifest(), (sha256) => `${sha256.slice(-1)}.jpg`, made, nothing);
    const rows = text().trim().split("\n");
    expect(rows.map((row): unknown => JSON.parse(row))).toEqual(
      lines.map((line, n) => ({ ...line, file_name: `${n + 1}.jpg` })),
    );
  });

  it("is written as a zip with a folder for each class", async () => {
    const { fake, api } = started();
    const { made, bytes } = sink();
    expect(await new ZipExport(api, "fruit", manifest()).write(made, nothing, signal)).toBe(false);
    const files = unzipSync(bytes());
    expect(Object.keys(files)).toEqual([
      `apple/${hash(1)}.jpg`,
      `apple/${hash(2)}.jpg`,
      `=배/${hash(3)}.jpg`,
      "manifest.csv",
      "manifest.jsonl",
    ]);
    expect(strFromU8(files[`apple/${hash(2)}.jpg`] ?? new Uint8Array(), true)).toBe(
      `${JPEG}\u0002`,
    );
    expect(fake.count("/datasets/fruit/links")).toBe(1);
  });

  it("that does not fit into one zip goes on in another, each with its own table", async () => {
    const { api } = started();
    const zip = new ZipExport(api, "fruit", manifest(), 2);
    const [one, two] = [sink(), sink()];
    expect(await zip.write(one.made, nothing, signal)).toBe(true);
    const counts: number[] = [];
    expect(await zip.write(two.made, (n) => counts.push(n), signal)).toBe(false);
    expect(Object.keys(unzipSync(one.bytes()))).toHaveLength(4);
    const rest = unzipSync(two.bytes());
    expect(Object.keys(rest)[0]).toBe(`=배/${hash(3)}.jpg`);
    expect(
      strFromU8(rest["manifest.jsonl"] ?? new Uint8Array())
        .trim()
        .split("\n"),
    ).toHaveLength(1);
    expect(counts).toEqual([3]);
  });

  it("of which an image was erased is a zip without it, and says how many there were", async () => {
    const { fake, api } = started();
    fake.datasets.images = [image(1), image(3)];
    const { made, bytes } = sink();
    const zip = new ZipExport(api, "fruit", manifest());
    expect(await zip.write(made, nothing, signal)).toBe(false);
    const files = unzipSync(bytes());
    expect(Object.keys(files)).toEqual([
      `apple/${hash(1)}.jpg`,
      `=배/${hash(3)}.jpg`,
      "manifest.csv",
      "manifest.jsonl",
    ]);
    for (const name of ["manifest.csv", "manifest.jsonl"]) {
      expect(strFromU8(files[name] ?? new Uint8Array())).not.toContain(hash(2));
    }
    expect(zip.erased).toBe(1);
  });

  it.each(["csv", "jsonl"] as const)("as %s has no line of an erased image", async (format) => {
    const { fake, api } = started();
    fake.datasets.images = [image(1), image(3)];
    const { made, text } = sink();
    const counts: number[] = [];
    const nameOf = await readNames(api, "fruit", signal);
    const count = (n: number) => counts.push(n);
    expect(await writeLines(format, manifest(), nameOf, made, count)).toBe(1);
    expect(text()).toContain("3.jpg");
    expect(text()).not.toContain(hash(2));
    expect(counts).toEqual([2]);
  });

  it("whose manifest breaks off says so before the first image", async () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(gzipSync(strToU8(`${JSON.stringify(lines[0])}\n`)));
      },
      pull(controller) {
        controller.error(new TypeError("terminated"));
      },
    });
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(body)));
    await expect(manifest().next()).rejects.toMatchObject({ code: "network_error" });
  });

  it("whose manifest cannot be read says so", async () => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(null, { status: 403 })));
    await expect(manifest().next()).rejects.toMatchObject({ code: "network_error", status: 403 });
  });
});
