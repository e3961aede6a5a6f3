import type { Plugin } from "vite";

/**
 * Writes `assets.json`: the files that the service worker keeps for a page without a network; and
 * `engine.json`: those that it keeps once they were asked for.
 */
export function assetList(): Plugin {
  return {
    name: "asset-list",
    generateBundle(_, bundle) {
      for (const folder of ["assets", "engine"]) {
        const files = Object.keys(bundle).filter((name) => name.startsWith(`${folder}/`));
        this.emitFile({
          type: "asset",
          fileName: `${folder}.json`,
          source: `${JSON.stringify(files.sort())}\n`,
        });
      }
    },
  };
}
