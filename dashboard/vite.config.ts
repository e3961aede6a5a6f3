import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

import { assetList } from "./assetList.ts";
import { localCloud } from "./localCloud.ts";

export default defineConfig({
  // Relative addresses: the site runs under any prefix of any bucket.
  base: "./",
  // The client from its source, so that it need not be built first.
  resolve: { tsconfigPaths: true },
  plugins: [react(), localCloud(), assetList()],
  build: {
    target: "es2023",
    // Nothing inlined as data: addresses, so a strict Content-Security-Policy needs no exception.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: {
    environment: "jsdom",
    setupFiles: ["tests/setup.ts"],
    include: ["tests/**/*.test.{ts,tsx}"],
    testTimeout: 20_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
});
