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
