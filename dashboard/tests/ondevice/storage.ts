import { vi } from "vitest";

import type { DeviceModel } from "visionflow-client";

export const FOLDER = "https://page.example/";

/** Cache Storage and locks in memory, in place of the browser's. */
export function stubStorage(): Map<string, Response> {
  const kept = new Map<string, Response>();
  const cache = {
    match: (url: string) => Promise.resolve(kept.get(url)?.clone()),
    put: (url: string, response: Response) => {
      kept.set(url, response);
      return Promise.resolve();
    },
    keys: () => Promise.resolve([...kept.keys()].map((url) => new Request(url))),
    delete: (url: string) => Promise.resolve(kept.delete(url)),
  };
  vi.stubGlobal("caches", { open: () => Promise.resolve(cache), match: cache.match });
  Object.defineProperty(navigator, "locks", {
    configurable: true,
    value: { request: (_: string, work: () => Promise<void>) => work() },
  });
  return kept;
}

/** A version whose files have these checksums. */
export function device(version: string, model: string, familiar: string | null): DeviceModel {
  const file = (sha256: string) => ({ url: `https://bucket.example/${sha256}`, sha256, size: 3 });
  return {
    name: "starter",
    version,
    created_at: "2030-01-01T00:00:00Z",
    precision: "int8",
    labels: [{ name: "cat", parent: null }],
    parents: [],
    input: { size: 8, resize: 8, crop: "center", interpolation: "bilinear" },
    temperature: 1,
    unknown_threshold: 0.5,
    familiarity: familiar === null ? null : { threshold: 0, least_detail: 0, file: file(familiar) },
    model: file(model),
  };
}
