import type { Plugin } from "vite";

/** Writes `assets.json`: the files that the service worker keeps for a page without a network. */
export function assetList(): Plugin {
  return {
    name: "asset-list",
    generateBundle(_, bundle) {
      const files = Object.keys(bundle).filter((name) => name.startsWith("assets/"));
      this.emitFile({
        type: "asset",
        fileName: "assets.json",
        source: `${JSON.stringify(files.sort())}\n`,
      });
    },
  };
}
