import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compileFunction } from "node:vm";

import { beforeEach, describe, expect, it, vi } from "vitest";

const SOURCE = readFileSync(join(import.meta.dirname, "../../public/sw.js"), "utf8");
/** As in the local cloud: the page lies in a folder, and the API answers on the same origin. */
const SCOPE = "http://127.0.0.1:4566/site-bucket/";

type Listener = (event: object) => void;

let kept: Map<string, Response>;
let network: (url: string) => Promise<Response>;
let put: (url: string, response: Response) => Promise<void>;
let listeners: Record<string, Listener>;

beforeEach(() => {
  kept = new Map();
  network = (url) => Promise.resolve(new Response(`network ${url}`));
  put = (url, response) => {
    kept.set(url, response);
    return Promise.resolve();
  };
  listeners = {};
  const absolute = (request: string | Request) =>
    new URL(typeof request === "string" ? request : request.url, SCOPE).href;
  const cache = {
    match: (request: string | Request) => Promise.resolve(kept.get(absolute(request))?.clone()),
    put: (request: Request, response: Response) => put(absolute(request), response),
    add: async (path: string) => {
      kept.set(absolute(path), await network(absolute(path)));
    },
    keys: () => Promise.resolve([...kept.keys()].map((url) => new Request(url))),
    delete: (url: string) => Promise.resolve(kept.delete(absolute(url))),
  };
  const caches = { open: () => Promise.resolve(cache), keys: () => Promise.resolve([]) };
  const self = {
    addEventListener: (name: string, listener: Listener) => (listeners[name] = listener),
    registration: { scope: SCOPE },
    skipWaiting: vi.fn(),
    clients: { claim: vi.fn() },
  };
  const fetch = (request: Request) => network(request.url);
  const start = compileFunction(SOURCE, ["self", "caches", "fetch"]) as (
    ...globals: object[]
  ) => void;
  start(self, caches, fetch);
});

/** What the worker answers, `null` where it lets the request pass. */
async function ask(path: string, method = "GET"): Promise<string | null> {
  const request = new Request(new URL(path, SCOPE), { method });
  const answers: Promise<Response>[] = [];
  const later: Promise<unknown>[] = [];
  listeners.fetch?.({
    request,
    respondWith: (response: Promise<Response>) => answers.push(response),
    waitUntil: (work: Promise<unknown>) => later.push(work),
  });
  const answer = await answers[0];
  await Promise.all(later);
  return answer === undefined ? null : answer.text();
}

describe("the service worker", () => {
  it.each([
    "/_aws/execute-api/abc/$default/logs?limit=50",
    "/_aws/execute-api/abc/$default/health",
    "/images-bucket/uploads/cat.jpg?X-Amz-Signature=1",
    "https://abc.execute-api.eu-west-1.amazonaws.com/logs",
    "index.html?code=secret&state=1",
    "assets/deep/er.js",
  ])("never touches %s", async (path) => {
    expect(await ask(path)).toBeNull();
    expect(kept.size).toBe(0);
  });

  it.each(["index.html", "assets/index-1.js", "engine/worker-1.js"])(
    "answers with %s from the network where there is no room to keep it",
    async (path) => {
      put = () => Promise.reject(new DOMException("full", "QuotaExceededError"));
      expect(await ask(path)).toBe(`network ${SCOPE}${path}`);
      expect(kept.size).toBe(0);
    },
  );

  it("touches nothing that is sent", async () => {
    expect(await ask("index.html", "POST")).toBeNull();
  });

  it("keeps a file whose name changes with its content, and asks for it once", async () => {
    await ask("assets/index-abc123.js");
    network = () => Promise.reject(new TypeError("offline"));
    expect(await ask("assets/index-abc123.js")).toContain("network");
  });

  it("takes the page from the network, and the last one where there is none", async () => {
    await ask("index.html");
    network = (url) => Promise.resolve(new Response(url.endsWith(".json") ? "[]" : "newer"));
    expect(await ask("index.html")).toBe("newer");
    network = () => Promise.reject(new TypeError("offline"));
    expect(await ask("index.html")).toBe("newer");
  });

  it("keeps the settings, and never answers them by the page", async () => {
    await ask("index.html");
    network = () => Promise.reject(new TypeError("offline"));
    await expect(ask("config.json")).rejects.toThrow("offline");
    network = () => Promise.resolve(new Response("settings"));
    expect(await ask("config.json")).toBe("settings");
    network = () => Promise.reject(new TypeError("offline"));
    expect(await ask("config.json")).toBe("settings");
  });

  it("keeps every file of the release whose page it showed, and none of another", async () => {
    await ask("assets/before-1.js");
    network = (url) =>
      Promise.resolve(
        new Response(
          url.endsWith("assets.json") ? '["assets/live-2.js","assets/data-2.js"]' : `new ${url}`,
        ),
      );
    await ask("index.html");
    network = () => Promise.reject(new TypeError("offline"));
    expect(await ask("assets/data-2.js")).toContain("new");
    await expect(ask("assets/before-1.js")).rejects.toThrow("offline");
  });

  describe("with the engine", () => {
    /** A release that names these files. */
    const release = (assets: string[], engine: string[]) => {
      const asked: string[] = [];
      network = (url) => {
        asked.push(url.slice(SCOPE.length));
        const text = url.endsWith("assets.json")
          ? JSON.stringify(assets)
          : url.endsWith("engine.json")
            ? JSON.stringify(engine)
            : `new ${url}`;
        return Promise.resolve(new Response(text));
      };
      return asked;
    };

    it("loads nothing of it for a page that does not use it", async () => {
      const asked = release(["assets/live-1.js"], ["engine/worker-1.js"]);
      await ask("index.html");
      expect(asked).toEqual(["index.html", "assets.json", "assets/live-1.js"]);
    });

    it("keeps what was asked for, and asks once", async () => {
      release([], ["engine/worker-1.js"]);
      await ask("engine/worker-1.js");
      network = () => Promise.reject(new TypeError("offline"));
      expect(await ask("engine/worker-1.js")).toContain("new");
    });

    it("has the files of the next release instead, where they were used", async () => {
      release([], ["engine/worker-1.js", "engine/runtime.wasm-1.gz"]);
      await ask("engine/worker-1.js");
      release([], ["engine/worker-2.js", "engine/runtime.wasm-1.gz"]);
      await ask("index.html");
      network = () => Promise.reject(new TypeError("offline"));
      expect(await ask("engine/worker-2.js")).toContain("new");
      expect(await ask("engine/runtime.wasm-1.gz")).toContain("new");
      await expect(ask("engine/worker-1.js")).rejects.toThrow("offline");
    });
  });

  it("keeps no answer that failed", async () => {
    network = () => Promise.resolve(new Response("gone", { status: 404 }));
    await ask("assets/old.js");
    expect(kept.size).toBe(0);
  });
});
