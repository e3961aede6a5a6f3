import { beforeEach, describe, expect, it, vi } from "vitest";

import { ApiError, type ServiceStatus } from "visionflow-client";

import { EngineError, keptModels, openEngine } from "../../src/ondevice/engine";
import { KeptModels } from "../../src/ondevice/kept";
import type { Command, Report } from "../../src/ondevice/protocol";
import { device, stubStorage } from "./storage";

const SERVING = { name: "starter", version: "1" };
const OFFLINE = new ApiError("network_error", "offline");
const FOLDER = new URL(".", document.baseURI).href;

let stored: Map<string, Response>;
let workers: FakeWorker[];
/** What each new worker says to a command. */
let says: (command: Command, worker: FakeWorker) => Report | null;

/** In place of the browser's worker, which jsdom has not; the real one runs in tests/e2e. */
class FakeWorker extends EventTarget {
  readonly commands: Command[] = [];
  readonly address: string;
  ended = false;

  constructor(address: string) {
    super();
    this.address = address;
    workers.push(this);
  }

  postMessage(command: Command): void {
    this.commands.push(command);
    const report = says(command, this);
    queueMicrotask(() => {
      if (report && !this.ended) this.dispatchEvent(new MessageEvent("message", { data: report }));
    });
  }

  terminate(): void {
    this.ended = true;
  }
}

const opens = (command: Command): Report | null =>
  command.kind === "open" ? { kind: "opened", files: [] } : null;

const refuses =
  (code: "device_failed" | "device_model_missing", id: number | null = null) =>
  (): Report => ({ kind: "error", id, code, detail: code });

beforeEach(() => {
  workers = [];
  says = opens;
  stored = stubStorage();
  vi.stubGlobal("Worker", FakeWorker);
  vi.stubGlobal("OffscreenCanvas", vi.fn());
  vi.stubGlobal("DecompressionStream", vi.fn());
  vi.stubGlobal("crossOriginIsolated", false);
});

const api = () => ({
  status: vi.fn((): Promise<ServiceStatus> =>
    Promise.resolve({
      status: "ok" as const,
      model: SERVING,
      labels: [],
      parents: {},
      uptime_s: 1,
      reason: null,
    }),
  ),
  deviceModel: vi.fn(({ version }: { version: string }) =>
    Promise.resolve(device(version, "model", null)),
  ),
});

async function keep(version: string): Promise<void> {
  const kept = new KeptModels(FOLDER);
  await kept.keep("model", new Uint8Array([1]));
  await kept.remember(device(version, "model", null), true);
}

const openWith = () => workers.map(({ commands }) => commands[0]);

describe("opening", () => {
  it("takes what serves, and says how far it is", async () => {
    const client = api();
    const shares: number[] = [];
    const engine = await openEngine(client, "serving", (share) => shares.push(share));
    expect(engine.model).toEqual(SERVING);
    expect(engine.labels).toEqual(["cat"]);
    expect(engine.threads).toBe(1);
    expect(shares).toEqual([1]);
    expect(openWith()).toMatchObject([{ kind: "open", serving: true, folder: FOLDER }]);
  });

  it("takes another version without asking what serves", async () => {
    const client = api();
    const engine = await openEngine(client, { name: "starter", version: "7" });
    expect(engine.model.version).toBe("7");
    expect(client.status).not.toHaveBeenCalled();
    expect(openWith()).toMatchObject([{ serving: false }]);
  });

  it("asks nothing about a version that is kept", async () => {
    await keep("1");
    const client = api();
    await openEngine(client, "serving");
    expect(client.deviceModel).not.toHaveBeenCalled();
  });

  it("asks again when the browser has thrown out a file", async () => {
    await keep("1");
    const client = api();
    says = (command, worker) =>
      workers.indexOf(worker) === 0 ? refuses("device_model_missing")() : opens(command);
    await openEngine(client, "serving");
    expect(client.deviceModel).toHaveBeenCalledTimes(1);
    expect(workers.map(({ ended }) => ended)).toEqual([true, false]);
  });

  it("uses threads where the page is isolated, and one where they do not start", async () => {
    vi.stubGlobal("crossOriginIsolated", true);
    vi.spyOn(navigator, "hardwareConcurrency", "get").mockReturnValue(8);
    expect((await openEngine(api(), "serving")).threads).toBe(4);
    says = (command) =>
      command.kind === "open" && command.threads > 1 ? refuses("device_failed")() : opens(command);
    expect((await openEngine(api(), "serving")).threads).toBe(1);
  });

  it("says which version it cannot have", async () => {
    says = refuses("device_failed");
    await expect(openEngine(api(), "serving")).rejects.toMatchObject({ code: "device_failed" });
    expect(workers.at(-1)?.ended).toBe(true);
    const nothing = api();
    const none = { ...(await nothing.status()), model: null };
    nothing.status.mockResolvedValue(none);
    await expect(openEngine(nothing, "serving")).rejects.toBeInstanceOf(EngineError);
  });

  it("passes on what the API refuses", async () => {
    const client = api();
    const retired = new ApiError("model_retired", "retired", { status: 409 });
    client.deviceModel.mockRejectedValue(retired);
    await expect(openEngine(client, "serving")).rejects.toBe(retired);
  });

  it("names what the browser lacks", async () => {
    Reflect.deleteProperty(globalThis, "OffscreenCanvas");
    await expect(openEngine(api(), "serving")).rejects.toMatchObject({
      code: "device_unsupported",
      message: expect.stringContaining("OffscreenCanvas") as string,
    });
  });
});

describe("without a network", () => {
  const offline = () => {
    const client = api();
    client.status.mockRejectedValue(OFFLINE);
    client.deviceModel.mockRejectedValue(OFFLINE);
    return client;
  };

  it("opens what served last", async () => {
    await keep("5");
    expect((await openEngine(offline(), "serving")).model.version).toBe("5");
  });

  it("says that nothing is kept", async () => {
    for (const which of ["serving", SERVING] as const) {
      await expect(openEngine(offline(), which)).rejects.toMatchObject({
        code: "device_model_missing",
      });
    }
  });

  it("counts a version as kept only with the engine itself", async () => {
    await keep("1");
    expect(await keptModels()).toEqual([]);
    await openEngine(api(), "serving");
    stored.set(workers[0]?.address ?? "", new Response("the engine"));
    expect(await keptModels()).toEqual([SERVING]);
  });
});

describe("an open engine", () => {
  const image = new Blob(["image"]);

  it("gives each image its own answer", async () => {
    const engine = await openEngine(api(), "serving");
    says = (command) =>
      command.kind === "classify"
        ? command.explain
          ? refuses("device_failed", command.id)()
          : { kind: "answer", id: command.id, answer: { label: `${command.id}` } as never }
        : null;
    const answers = [engine.classify(image), engine.classify(image, { explain: true })];
    const [first, second] = await Promise.allSettled(answers);
    expect(first).toMatchObject({ status: "fulfilled", value: { label: "0" } });
    expect(second).toMatchObject({ status: "rejected", reason: { code: "device_failed" } });
  });

  it("fails what it has not answered when it is closed, or its worker dies", async () => {
    for (const end of ["close", "error"] as const) {
      const engine = await openEngine(api(), "serving");
      const waiting = engine.classify(image);
      if (end === "close") engine.close();
      else workers.at(-1)?.dispatchEvent(new ErrorEvent("error", { message: "out of memory" }));
      await expect(waiting).rejects.toMatchObject({ code: "device_failed" });
      await expect(engine.classify(image)).rejects.toMatchObject({ code: "device_failed" });
      const close = vi.fn();
      const frame = { close } as unknown as ImageBitmap;
      await expect(engine.frame(frame)).rejects.toMatchObject({ code: "device_failed" });
      expect(close, "its memory is the camera's").toHaveBeenCalledOnce();
      expect(workers.at(-1)?.ended).toBe(true);
    }
  });
});
