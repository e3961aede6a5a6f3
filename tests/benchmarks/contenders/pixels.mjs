// node pixels.mjs FOLDER: the engine's decoding and resampling by themselves, as FOLDER/pixels.js.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const root = join(import.meta.dirname, "../../../dashboard");
const vite = createRequire(join(root, "package.json")).resolve("vite");
const { build } = await import(pathToFileURL(vite).href);
await build({
  root,
  configFile: false,
  publicDir: false,
  logLevel: "error",
  build: {
    outDir: process.argv[2],
    emptyOutDir: true,
    target: "es2023",
    lib: { entry: "src/ondevice/pixels.ts", formats: ["es"], fileName: "pixels" },
  },
});
