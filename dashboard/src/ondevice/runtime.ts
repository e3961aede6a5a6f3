import * as ort from "onnxruntime-web/wasm";
import glue from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import packed from "onnxruntime-web/ort-wasm-simd-threaded.wasm?gzip";

import type { Outputs } from "./answer.ts";
import { body } from "./download.ts";

/** The runtime waits for threads for ever otherwise, whose file something may block. */
const START_MS = 15_000;
const NAMES = ["logits", "embedding", "cam"] as const;
const GZIP = [0x1f, 0x8b];

/** Where the runtime's own files are. */
export const RUNTIME_FILES = [
  new URL(glue, import.meta.url).href,
  new URL(packed, import.meta.url).href,
];

/** Makes ONNX Runtime ready to open a model. */
export async function prepareRuntime(
  threads: number,
  onBytes: (count: number) => void,
): Promise<void> {
  const { wasm } = ort.env;
  const [mjs, binary] = RUNTIME_FILES as [string, string];
  wasm.numThreads = threads;
  wasm.initTimeout = threads > 1 ? START_MS : 0;
  wasm.wasmPaths = { mjs };
  wasm.wasmBinary = await unpacked(binary, onBytes);
}

/** CloudFront compresses no file as large as this one, so it is stored compressed. */
async function unpacked(url: string, onBytes: (count: number) => void): Promise<ArrayBuffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the runtime: HTTP ${response.status}`);
  const data = await body(response, onBytes);
  // A server that names the encoding lets the browser unpack it.
  if (!GZIP.every((byte, i) => data[i] === byte)) return data.buffer;
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** An open model. */
export class Session {
  readonly #session: ort.InferenceSession;
  readonly #size: number;
  /** The runtime runs one image at a time. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(session: ort.InferenceSession, size: number) {
    this.#session = session;
    this.#size = size;
  }

  static async open(model: Uint8Array, size: number): Promise<Session> {
    const session = await ort.InferenceSession.create(model, {
      executionProviders: ["wasm"],
      graphOptimizationLevel: "all",
    });
    return new Session(session, size);
  }

  /** The outputs for RGB rows of a square image. */
  run(tensor: Uint8Array): Promise<Outputs> {
    const next = this.#last.then(() => this.#run(tensor));
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #run(tensor: Uint8Array): Promise<Outputs> {
    const image = new ort.Tensor("uint8", tensor, [1, this.#size, this.#size, 3]);
    const found = await this.#session.run({ image }, [...NAMES]);
    const [logits, embedding, cam] = NAMES.map((name) => found[name]);
    const [, , height = 0, width = 0] = cam?.dims ?? [];
    return {
      logits: floats(logits),
      embedding: floats(embedding),
      cam: floats(cam),
      camSize: [height, width],
    };
  }
}

function floats(tensor: ort.Tensor | undefined): Float32Array {
  if (tensor?.type !== "float32") throw new Error("the model lacks an output");
  return tensor.data as Float32Array;
}
