import type { Client, DeviceModel, ModelName } from "visionflow-client";

import { KeptModels } from "./kept.ts";
import {
  type Command,
  EngineError,
  type EngineAnswer,
  type Frame,
  type Report,
} from "./protocol.ts";
import workerFile from "./worker.ts?worker&url";

/** More share too little work to be worth their memory. */
const MOST_THREADS = 4;

export { EngineError, RUNTIME_BYTES } from "./protocol.ts";
export type { ActivationMap, EngineAnswer, EngineErrorCode, Frame } from "./protocol.ts";

/** A version that classifies on this device, in a worker of its own. */
export interface Engine {
  readonly model: ModelName;
  readonly threads: number;
  readonly labels: readonly string[];
  /** A still; a bitmap is taken over and closed. Throws `EngineError`. */
  classify(image: Blob | ImageBitmap, options?: { explain?: boolean }): Promise<EngineAnswer>;
  /** The next frame of a camera, smoothed over those before; it is taken over and closed. */
  frame(image: Frame): Promise<EngineAnswer>;
  /** Forgets the frames before. */
  restart(): void;
  /** Ends the worker; what it has not answered fails. */
  close(): void;
}

/**
 * The version that serves, or another, ready to classify: from what this browser keeps, else
 * downloaded and kept. Nothing of it is loaded before. Without a network "serving" is the version
 * that served when the page last knew. Throws `EngineError`, and the `ApiError` of an API that
 * refuses.
 */
export async function openEngine(
  client: Pick<Client, "status" | "deviceModel">,
  which: ModelName | "serving",
  onProgress: (share: number) => void = () => undefined,
): Promise<Engine> {
  requireSupport();
  const kept = new KeptModels(pageFolder());
  const serving = which === "serving";
  const model = serving ? await served(client, kept) : which;
  const known = await kept.find(model);
  if (known) {
    try {
      return await RunningEngine.open(known, serving, onProgress);
    } catch (cause) {
      // The browser may have thrown out a file, or damaged one.
      if (!(cause instanceof EngineError && cause.code === "device_model_missing")) throw cause;
    }
  }
  return RunningEngine.open(await described(client, model), serving, onProgress);
}

/** What `openEngine` opens without a network. */
export async function keptModels(): Promise<ModelName[]> {
  if (!("caches" in globalThis)) return [];
  // The engine itself is kept by the service worker.
  if ((await caches.match(workerAddress())) === undefined) return [];
  return new KeptModels(pageFolder()).whole();
}

async function served(client: Pick<Client, "status">, kept: KeptModels): Promise<ModelName> {
  let model: ModelName | null;
  try {
    ({ model } = await client.status());
  } catch (cause) {
    if (!isUnreachable(cause)) throw cause;
    model = await kept.serving();
    if (model === null) throw missing("No model is kept in this browser yet.", cause);
  }
  if (model === null) throw missing("No model serves.");
  return model;
}

async function described(client: Pick<Client, "deviceModel">, model: ModelName) {
  try {
    return await client.deviceModel(model);
  } catch (cause) {
    if (!isUnreachable(cause)) throw cause;
    throw missing(`${model.name}/${model.version} is not kept in this browser.`, cause);
  }
}

interface Waiting {
  done: (answer: EngineAnswer) => void;
  failed: (error: EngineError) => void;
}

class RunningEngine implements Engine {
  readonly model: ModelName;
  readonly labels: readonly string[];
  readonly threads: number;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;
  #ended: EngineError | null = null;

  private constructor({ name, version, labels }: DeviceModel, threads: number) {
    this.threads = threads;
    this.model = { name, version };
    this.labels = labels.map((label) => label.name);
    this.#worker = new Worker(workerAddress(), { type: "module", name: "visionflow-engine" });
  }

  static async open(
    model: DeviceModel,
    serving: boolean,
    onProgress: (share: number) => void,
    threads = mostThreads(),
  ): Promise<Engine> {
    const engine = new RunningEngine(model, threads);
    const command = { kind: "open", model, serving, folder: pageFolder(), threads } as const;
    try {
      await engine.#start(command, onProgress);
    } catch (cause) {
      engine.close();
      // Its threads may not have started.
      const failed = cause instanceof EngineError && cause.code === "device_failed";
      if (!failed || threads === 1) throw cause;
      return RunningEngine.open(model, serving, onProgress, 1);
    }
    return engine;
  }

  classify(image: Blob | ImageBitmap, { explain = false } = {}): Promise<EngineAnswer> {
    return this.#ask((id) => ({ kind: "classify", id, image, explain }), image);
  }

  frame(image: Frame): Promise<EngineAnswer> {
    return this.#ask((id) => ({ kind: "frame", id, image }), image);
  }

  restart(): void {
    this.#send({ kind: "restart" });
  }

  close(): void {
    this.#end(new EngineError("device_failed", "The engine was closed."));
  }

  #start(command: Command, onProgress: (share: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#worker.addEventListener("message", ({ data }: MessageEvent<Report>) => {
        if (data.kind === "progress") onProgress(data.share);
        else if (data.kind === "answer") this.#settle(data.id)?.done(data.answer);
        else if (data.kind === "opened") {
          keepForOffline(data.files);
          onProgress(1);
          resolve();
        } else {
          const error = new EngineError(data.code, data.detail);
          if (data.id === null) reject(error);
          else this.#settle(data.id)?.failed(error);
        }
      });
      this.#worker.addEventListener("error", ({ message }) => {
        const error = new EngineError("device_failed", message || "The engine did not start.");
        this.#end(error);
        reject(error);
      });
      this.#send(command);
    });
  }

  #ask(command: (id: number) => Command, image: Blob | Frame): Promise<EngineAnswer> {
    return new Promise((done, failed) => {
      if (this.#ended) {
        if (!(image instanceof Blob)) image.close(); // nobody else does
        failed(this.#ended);
        return;
      }
      const id = this.#count++;
      this.#waiting.set(id, { done, failed });
      this.#send(command(id), image instanceof Blob ? [] : [image]);
    });
  }

  #send(command: Command, transfer: Transferable[] = []): void {
    this.#worker.postMessage(command, transfer);
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #end(error: EngineError): void {
    this.#ended ??= error;
    this.#worker.terminate();
    for (const { failed } of this.#waiting.values()) failed(error);
    this.#waiting.clear();
  }
}

/** Threads share memory, which a browser allows to a page that is isolated from other origins. */
function mostThreads(): number {
  return crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency) : 1;
}

function requireSupport(): void {
  const needed = ["Worker", "WebAssembly", "OffscreenCanvas", "DecompressionStream", "caches"];
  const lacking = needed.filter((name) => !(name in globalThis));
  if (lacking.length > 0) {
    throw new EngineError("device_unsupported", `This browser has no ${lacking.join(", ")}.`);
  }
}

/** A service worker that came after the engine was loaded reads its files again, to keep them. */
function keepForOffline(files: readonly string[]): void {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (container?.controller !== null) return;
  container.addEventListener(
    "controllerchange",
    () => {
      for (const file of files) void fetch(file).catch(() => undefined);
    },
    { once: true },
  );
}

/** Whether an `ApiError` says so; imported for this, the client would be loaded with the engine. */
function isUnreachable(cause: unknown): boolean {
  return cause instanceof Error && "unreachable" in cause && cause.unreachable === true;
}

const workerAddress = () => new URL(workerFile, import.meta.url).href;
const pageFolder = () => new URL(".", document.baseURI).href;
const missing = (detail: string, cause?: unknown) =>
  new EngineError("device_model_missing", detail, cause);
