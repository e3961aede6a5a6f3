import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

import type { Rolldown } from "vite";
import { build } from "vite";
import { beforeAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const BUDGET_BYTES = 250_000;

let files: (Rolldown.OutputChunk | Rolldown.OutputAsset)[];
beforeAll(async () => {
  const built = await build({ root: ROOT, logLevel: "silent", build: { write: false } });
  files = (Array.isArray(built) ? built : [built as Rolldown.RolldownOutput]).flatMap(
    ({ output }) => output,
  );
}, 120_000);

const chunk = (name: string) =>
  files.find(
    (file): file is Rolldown.OutputChunk => file.type === "chunk" && file.fileName === name,
  );

/** A chunk with everything that it cannot start without. */
function withImports(start: Rolldown.OutputChunk, seen = new Set<string>()): Set<string> {
  if (seen.has(start.fileName)) return seen;
  seen.add(start.fileName);
  for (const name of start.imports) {
    const imported = chunk(name);
    if (imported) withImports(imported, seen);
  }
  return seen;
}

const gzipped = (names: Iterable<string>) =>
  [...names].reduce((sum, name) => sum + gzipSync(chunk(name)?.code ?? "").length, 0);

function entry(): Rolldown.OutputChunk {
  const found = files.find(
    (file): file is Rolldown.OutputChunk =>
      file.type === "chunk" && file.isEntry && file.name === "index",
  );
  if (!found) throw new Error("the build has no entry");
  return found;
}

function list(name: string): string[] {
  const file = files.find(({ fileName }) => fileName === name);
  return JSON.parse(file?.type === "asset" ? String(file.source) : "[]") as string[];
}

describe("the built page", () => {
  it.each([
    "LivePage",
    "PredictPage",
    "HistoryPage",
    "AccuracyPage",
    "ModelsPage",
    "BackfillsPage",
    "ComparisonPage",
    "DataPage",
    "TrainingPage",
    "AccessPage",
    "AccountPage",
    "DevicePage",
  ])(
    "paints %s with one language in at most 250 kB of JavaScript, gzipped, and without the charts",
    (name) => {
      const page = files.find(
        (file): file is Rolldown.OutputChunk => file.type === "chunk" && file.name === name,
      );
      expect(page).toBeDefined();
      const names = withImports(entry());
      if (page) withImports(page, names);
      // And the larger of the languages.
      const texts = files.find((file) => file.type === "chunk" && file.name === "ko");
      expect(texts).toBeDefined();
      if (texts) names.add(texts.fileName);
      expect(gzipped(names)).toBeLessThan(BUDGET_BYTES);
      const code = [...names].map((file) => chunk(file)?.code ?? "").join();
      expect(code).not.toContain("chartjs");
    },
  );

  it("needs no exception from a strict content security policy", () => {
    const html = readFileSync(join(ROOT, "index.html"), "utf8");
    expect(html).not.toMatch(/<style|style=|onload=|<script(?![^>]*src=)/);
    for (const file of files.filter(({ fileName }) => !fileName.startsWith("engine/"))) {
      const text = file.type === "chunk" ? file.code : String(file.source);
      expect(text).not.toMatch(/\bWebAssembly\.(compile|instantiate|Module)/);
    }
    for (const file of files) {
      const text = file.type === "chunk" ? file.code : String(file.source);
      expect(text).not.toMatch(/\beval\(|new Function\(|createElement\(["']style["']\)/);
    }
  });

  it("has the engine in a folder of its own, which nothing loads before it is opened", () => {
    const engine = files.filter(({ fileName }) => fileName.startsWith("engine/"));
    const names = engine.map(({ fileName }) => fileName.replace(/-[\w-]{8}(?=[.]\w+$)/, ""));
    expect(names.sort()).toEqual([
      "engine/ort-wasm-simd-threaded.mjs",
      "engine/ort-wasm-simd-threaded.wasm.gz",
      "engine/worker.js",
    ]);
    // The page names the worker in the one file that opens it, and the runtime nowhere.
    const naming = files.filter(
      (file) =>
        file.type === "chunk" && engine.some(({ fileName }) => file.code.includes(fileName)),
    );
    expect(naming.map((file) => file.type === "chunk" && file.name)).toEqual(["engine"]);
    expect([...withImports(entry())]).not.toContain(naming[0]?.fileName);
    expect(list("engine.json")).toEqual(engine.map(({ fileName }) => fileName).sort());
    expect(list("assets.json").filter((name) => name.startsWith("engine/"))).toEqual([]);
  });

  it("stores the runtime compressed, and smaller than what CloudFront compresses", () => {
    const packed = files.find(({ fileName }) => fileName.endsWith(".gz"));
    const data = packed?.type === "asset" ? (packed.source as Uint8Array) : new Uint8Array();
    const wasm = gunzipSync(data);
    expect(wasm.subarray(0, 4).toString("latin1")).toBe("\0asm");
    expect(data.length).toBeLessThan(wasm.length / 3);
  });

  it("keeps nothing of a sign-in where it would outlive the tab", () => {
    const written = files.flatMap((file) =>
      file.type === "chunk" ? [...file.code.matchAll(/localStorage\.setItem\(([\w$]+)/g)] : [],
    );
    // Language, colours, consent to send images, how much waits to be sent, and the name (no token)
    // of who was here last.
    expect(written.length).toBe(5);
  });
});
