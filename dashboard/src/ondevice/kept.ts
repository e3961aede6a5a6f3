import type { DeviceModel, ModelName } from "visionflow-client";

import { MODELS_CACHE } from "./cache.ts";

/** Versions whose files are kept, the latest opened first. */
const MOST = 3;

interface Index {
  /** The version that served when the page last knew. */
  serving: ModelName | null;
  models: DeviceModel[];
}

const NOTHING: Index = { serving: null, models: [] };

/**
 * Models in the browser's cache: files by their checksum, and an index that names them. A browser
 * that keeps nothing (some do in private windows) has none.
 */
export class KeptModels {
  readonly #folder: string;

  /** `folder` is that of the page: several deployments may share an origin. */
  constructor(folder: string) {
    this.#folder = new URL("kept-models/", folder).href;
  }

  async serving(): Promise<ModelName | null> {
    return (await this.#index()).serving;
  }

  async find(model: ModelName): Promise<DeviceModel | null> {
    return (await this.#index()).models.find((kept) => isSame(kept, model)) ?? null;
  }

  /** Those whose files are all there. */
  async whole(): Promise<ModelName[]> {
    const found: ModelName[] = [];
    for (const model of (await this.#index()).models) {
      const there = await Promise.all(sums(model).map((sha256) => this.#match(sha256)));
      if (there.every(Boolean)) found.push({ name: model.name, version: model.version });
    }
    return found;
  }

  async file(sha256: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const kept = await this.#match(sha256);
    return kept ? new Uint8Array(await kept.arrayBuffer()) : null;
  }

  async forget(sha256: string): Promise<void> {
    const cache = await open();
    await cache?.delete(this.#folder + sha256);
  }

  /** Keeps a file; without room it is read from the network again. */
  async keep(sha256: string, data: Uint8Array<ArrayBuffer>): Promise<void> {
    const cache = await open();
    await cache?.put(this.#folder + sha256, new Response(data)).catch(() => undefined);
  }

  /** Puts a version, whose files are kept, first in the index; the oldest goes. */
  async remember(model: DeviceModel, serves: boolean): Promise<void> {
    await navigator.locks.request(this.#folder, async () => {
      const cache = await open();
      if (cache === null) return;
      const before = await this.#index();
      const others = before.models.filter((kept) => !isSame(kept, model));
      const serving = serves ? { name: model.name, version: model.version } : before.serving;
      const all = [unsigned(model), ...others];
      // What serves stays, however many others were opened since.
      const models = all
        .toSorted((a, b) => Number(isSame(b, serving)) - Number(isSame(a, serving)))
        .slice(0, MOST);
      const index: Index = { serving, models: all.filter((kept) => models.includes(kept)) };
      await cache.put(this.#folder, new Response(JSON.stringify(index)));
      const named = new Set([this.#folder, ...models.flatMap(sums).map((s) => this.#folder + s)]);
      for (const { url } of await cache.keys()) {
        if (url.startsWith(this.#folder) && !named.has(url)) await cache.delete(url);
      }
    });
  }

  async #index(): Promise<Index> {
    const kept = await this.#match("");
    return kept ? ((await kept.json()) as Index) : NOTHING;
  }

  async #match(name: string): Promise<Response | undefined> {
    return (await open())?.match(this.#folder + name);
  }
}

export function files({ model, familiarity }: DeviceModel) {
  return familiarity ? [model, familiarity.file] : [model];
}

const sums = (model: DeviceModel) => files(model).map(({ sha256 }) => sha256);

/** Without its URLs, which open the files for minutes only, to whoever has them. */
function unsigned(device: DeviceModel): DeviceModel {
  const { model, familiarity } = device;
  return {
    ...device,
    model: { ...model, url: "" },
    familiarity: familiarity && { ...familiarity, file: { ...familiarity.file, url: "" } },
  };
}

function isSame(a: ModelName, b: ModelName | null): boolean {
  return a.name === b?.name && a.version === b.version;
}

async function open(): Promise<Cache | null> {
  try {
    return await caches.open(MODELS_CACHE);
  } catch {
    return null; // storage is denied
  }
}
