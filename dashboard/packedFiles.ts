import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";

import type { Plugin } from "vite";

const SUFFIX = "?gzip";
const FOLDER = join(import.meta.dirname, "node_modules/.cache/visionflow");

/** `import address from "file?gzip"`: the file in gzip, packed once for each content. */
export function packedFiles(): Plugin {
  return {
    name: "packed-files",
    enforce: "pre",
    async resolveId(source, importer) {
      if (!source.endsWith(SUFFIX)) return null;
      const found = await this.resolve(source.slice(0, -SUFFIX.length), importer);
      return found && `${packed(found.id)}?url`;
    },
  };
}

function packed(file: string): string {
  const data = readFileSync(file);
  const hash = createHash("sha256").update(data).digest("hex").slice(0, 16);
  const target = join(FOLDER, hash, `${basename(file)}.gz`);
  if (existsSync(target)) return target;
  mkdirSync(join(FOLDER, hash), { recursive: true });
  // Another build may be packing it too.
  const partial = `${target}.${process.pid}`;
  writeFileSync(partial, gzipSync(data, { level: 9 }));
  renameSync(partial, target);
  return target;
}
