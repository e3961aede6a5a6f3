import { beforeEach, describe, expect, it, vi } from "vitest";

import { verified } from "../../src/ondevice/download";
import { KeptModels } from "../../src/ondevice/kept";
import { device, FOLDER, stubStorage } from "./storage";

/** SHA-256 of the bytes 1, 2, 3. */
const SUM = "039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81";
const DATA = new Uint8Array([1, 2, 3]);
const FILE = { url: "https://bucket.example/file", sha256: SUM, size: 3 };

let stored: Map<string, Response>;
let kept: KeptModels;
beforeEach(() => {
  stored = stubStorage();
  kept = new KeptModels(FOLDER);
});

const named = (version: string) => ({ name: "starter", version });

async function open(version: string, serves = false): Promise<void> {
  const model = device(version, `model-${version}`, "familiar");
  for (const sha256 of [`model-${version}`, "familiar"]) await kept.keep(sha256, DATA);
  await kept.remember(model, serves);
}

describe("kept models", () => {
  it("are found with all but their URLs, by whoever opens the page next", async () => {
    await open("1", true);
    const again = new KeptModels(FOLDER);
    expect(await again.serving()).toEqual(named("1"));
    expect(await again.whole()).toEqual([named("1")]);
    const found = await again.find(named("1"));
    expect(found?.labels).toEqual([{ name: "cat", parent: null }]);
    expect(JSON.stringify(found)).not.toContain("bucket.example");
    expect(await again.find(named("2"))).toBeNull();
    expect(await new KeptModels("https://page.example/other/").whole()).toEqual([]);
  });

  it("are the last three, and what served last", async () => {
    await open("1", true);
    for (const version of ["2", "3", "4"]) await open(version);
    expect(await kept.whole()).toEqual([named("4"), named("3"), named("1")]);
    expect([...stored.keys()].some((url) => url.endsWith("model-2"))).toBe(false);
    await open("5", true);
    expect(await kept.whole()).toEqual([named("5"), named("4"), named("3")]);
    expect(await kept.serving()).toEqual(named("5"));
    // A file that several versions have stays as long as one of them.
    expect([...stored.keys()].some((url) => url.endsWith("familiar"))).toBe(true);
  });

  it("are not whole when the browser has thrown out a file", async () => {
    await open("1");
    await kept.forget("model-1");
    expect(await kept.whole()).toEqual([]);
  });

  it("are none where the browser keeps nothing", async () => {
    vi.stubGlobal("caches", { open: () => Promise.reject(new DOMException("denied")) });
    await open("1", true);
    expect(await kept.whole()).toEqual([]);
    expect(await kept.serving()).toBeNull();
  });
});

describe("a file of a model", () => {
  const answer = (response: () => Response) => {
    const fetched = vi.fn(() => Promise.resolve(response()));
    vi.stubGlobal("fetch", fetched);
    return fetched;
  };

  it("is downloaded once, and read from the cache by its checksum", async () => {
    const fetched = answer(() => new Response(DATA));
    let bytes = 0;
    const count = (more: number) => (bytes += more);
    expect(await verified(FILE, kept, count)).toEqual(DATA);
    expect(await verified(FILE, kept, count)).toEqual(DATA);
    expect(fetched).toHaveBeenCalledTimes(1);
    expect(bytes).toBe(6);
  });

  it("that is damaged in the bucket is refused, and not kept", async () => {
    answer(() => new Response(new Uint8Array([1, 2, 4])));
    await expect(verified(FILE, kept, vi.fn())).rejects.toMatchObject({ code: "device_checksum" });
    expect(stored.size).toBe(0);
  });

  it("that is damaged in the cache is downloaded again", async () => {
    await kept.keep(SUM, new Uint8Array([9]));
    answer(() => new Response(DATA));
    expect(await verified(FILE, kept, vi.fn())).toEqual(DATA);
    expect(await kept.file(SUM)).toEqual(DATA);
  });

  it.each([
    ["the link has expired", () => new Response("no", { status: 403 }), FILE],
    ["it is not kept any more", () => new Response(DATA), { ...FILE, url: "" }],
  ])("is missing when %s", async (_, response, file) => {
    answer(response);
    await expect(verified(file, kept, vi.fn())).rejects.toMatchObject({
      code: "device_model_missing",
    });
  });

  it("is missing without a network", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("offline")));
    await expect(verified(FILE, kept, vi.fn())).rejects.toMatchObject({
      code: "device_model_missing",
    });
  });
});
