import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { cruise, type ICruiseResult } from "dependency-cruiser";
import extractOptions from "dependency-cruiser/config-utl/extract-depcruise-options";
import { afterEach, beforeEach, expect, it } from "vitest";

const FLOORS = join(import.meta.dirname, "../.dependency-cruiser.js");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "floors-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** The rules that these files, each with what it imports, break. */
async function broken(files: Record<string, string[]>): Promise<string[]> {
  for (const [name, imported] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    const lines = imported.map((path, n) => `import type { T as T${n} } from "${path}";\n`);
    writeFileSync(join(folder, name), `${lines.join("")}export type T = 1;\n`);
  }
  const floors = await extractOptions(FLOORS);
  const parts = ["src", "client/src"].filter((part) => existsSync(join(folder, part)));
  const { output } = await cruise(parts, { ...floors, baseDir: folder });
  return (output as ICruiseResult).summary.violations.map(({ rule }) => rule.name);
}

it.each([
  ["one page of another", "src/live/a.ts", "src/history/b.ts", ["floor-of-live"]],
  ["a floor above", "src/i18n/a.ts", "src/ui/b.ts", ["floor-of-i18n"]],
  ["a room beside", "src/charts/a.ts", "src/ui/b.ts", ["floor-of-charts"]],
  ["a room without a floor", "src/attic/a.ts", "src/config/b.ts", ["has-a-floor"]],
  ["a floor below", "src/live/a.ts", "src/records/feed/b.ts", []],
])("an import of %s is judged by the floors", async (_, from, to, rules) => {
  const address = `../${to.replace("src/", "").replace(".ts", "")}`;
  expect(await broken({ [from]: [address], [to]: [] })).toEqual(rules);
});

it.each([
  ["the page", "client/src/a.ts", "../../src/ui/b", "src/ui/b.ts", ["client-alone"]],
  ["its own", "client/src/a.ts", "./areas/b", "client/src/areas/b.ts", []],
])("the client imports nothing of %s but what it may", async (_, from, address, to, rules) => {
  expect(await broken({ [from]: [address], [to]: [] })).toEqual(rules);
});

it.each([
  ["a/b", ["client-by-its-name"]],
  ["index", []],
])("the page has %s of the client or not", async (file, rules) => {
  const files = { "src/live/a.ts": [`../../client/src/${file}`], [`client/src/${file}.ts`]: [] };
  expect(await broken(files)).toEqual(rules);
});

it("a circle is refused between files and between folders", async () => {
  const circle = { "src/ui/a.ts": ["./b"], "src/ui/b.ts": ["./a"] };
  expect(new Set(await broken(circle))).toEqual(new Set(["no-circle-of-files"]));
  const folders = {
    "src/ui/dialog/a.ts": ["../notice/c"],
    "src/ui/dialog/b.ts": [],
    "src/ui/notice/c.ts": [],
    "src/ui/notice/d.ts": ["../dialog/b"],
  };
  expect(await broken(folders)).toContain("no-circle-of-folders");
});
