import react from "@vitejs/plugin-react";
import { defaultClientConditions } from "vite";
import { defineConfig } from "vitest/config";

import { assetList } from "./assetList.ts";
import { localCloud } from "./localCloud.ts";
import { packedFiles } from "./packedFiles.ts";

// What every page needs before it is painted.
const BASE = new RegExp(
  [
    "node_modules/(react|react-dom|scheduler|i18next|react-i18next|react-router)/",
    "src/i18n/(index|format|texts|offset)[.]ts$",
    "src/(access/(scopes|use\\w+)|api/\\w+|auth/(session|lastCaller|useCaller))[.]tsx?$",
    "src/(ui/notice/(Banner|Notice|Splash)|auth/AuthGate|ui/icons|theme/useMediaQuery)[.]tsx?$",
  ].join("|"),
);

export default defineConfig({
  // Relative addresses: the site runs under any prefix of any bucket.
  base: "./",
  // The client from its source, so that it need not be built first.
  resolve: {
    tsconfigPaths: true,
    // ONNX Runtime's files stay files, in `engine`, instead of code within code.
    conditions: ["onnxruntime-web-use-extern-wasm", ...defaultClientConditions],
  },
  plugins: [react(), localCloud(), packedFiles(), assetList()],
  // What classifies on the device has a folder of its own: CloudFront lets it compile WebAssembly.
  worker: {
    format: "es",
    plugins: () => [packedFiles()],
    rolldownOptions: {
      output: {
        entryFileNames: "engine/[name]-[hash].js",
        chunkFileNames: "engine/[name]-[hash].js",
        assetFileNames: "engine/[name]-[hash][extname]",
      },
    },
  },
  build: {
    target: "es2023",
    // Nothing inlined as data: addresses, so a strict Content-Security-Policy needs no exception.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The engine by itself, too: what measures and tests it opens it by its name, in the page.
    rolldownOptions: {
      input: { index: "index.html", "engine-by-itself": "src/ondevice/engine.ts" },
      preserveEntrySignatures: "exports-only",
      // What every page begins with is one file: split by who shares it, it has 3 kB more.
      output: { codeSplitting: { groups: [{ name: "base", test: BASE }] } },
    },
  },
  test: {
    testTimeout: 20_000,
    restoreMocks: true,
    unstubGlobals: true,
    projects: [
      {
        extends: true,
        test: {
          name: "page",
          environment: "jsdom",
          setupFiles: ["tests/setup.ts"],
          include: ["tests/**/*.test.{ts,tsx}"],
          exclude: ["tests/client/node"],
        },
      },
      // What a program has: no document, Node's own fetch and streams, a real server.
      { extends: true, test: { name: "client", include: ["tests/client/node/*.test.ts"] } },
    ],
  },
});
