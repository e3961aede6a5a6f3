import { readFileSync } from "node:fs";

import type { Plugin } from "vite";

const OUTPUTS = new URL("../.visionflow/outputs.json", import.meta.url);

/**
 * `npm run dev` against the running local cloud: serves `config.json` and passes `/api` on to the
 * deployed API, so that page and API share an origin as they do in the bucket.
 */
export function localCloud(): Plugin {
  return {
    name: "visionflow-local-cloud",
    apply: (_, { command, mode }) => command === "serve" && mode !== "test",
    config() {
      const { api_url: apiUrl } = JSON.parse(readFileSync(OUTPUTS, "utf8")) as { api_url: string };
      return {
        server: {
          proxy: {
            "/api": {
              target: new URL(apiUrl).origin,
              rewrite: (path) => new URL(apiUrl).pathname + path.replace(/^\/api/, ""),
            },
          },
        },
      };
    },
    configureServer(server) {
      server.middlewares.use("/config.json", (_, response) => {
        response.setHeader("Content-Type", "application/json");
        response.end(JSON.stringify({ apiUrl: "/api", stage: "local", auth: null }));
      });
    },
  };
}
