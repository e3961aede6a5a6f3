import type { DeviceModel } from "visionflow-client";

import type { KeptModels } from "./kept.ts";
import { EngineError } from "./protocol.ts";

type DeviceFile = DeviceModel["model"];

/**
 * A file of a model, from the cache or the network, and what its checksum says in either case.
 * `onBytes` gets the number of bytes of each piece. Throws `EngineError`.
 */
export async function verified(
  file: DeviceFile,
  kept: KeptModels,
  onBytes: (count: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const before = await kept.file(file.sha256);
  if (before && (await sha256(before)) === file.sha256) {
    onBytes(file.size);
    return before;
  }
  if (before) await kept.forget(file.sha256);
  const data = await download(file, onBytes);
  if ((await sha256(data)) !== file.sha256) {
    throw new EngineError(
      "device_checksum",
      `A file of the model has ${data.length} bytes that its checksum does not fit.`,
    );
  }
  await kept.keep(file.sha256, data);
  return data;
}

async function download(file: DeviceFile, onBytes: (count: number) => void) {
  if (file.url === "") throw missing("A file of the model is not kept in this browser any more.");
  try {
    // Kept once, under its checksum; the browser's own cache need not have it too.
    const response = await fetch(file.url, { credentials: "omit", cache: "no-store" });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return await body(response, onBytes);
  } catch (cause) {
    throw missing("A file of the model could not be downloaded.", cause);
  }
}

/** All bytes of a response. */
export async function body(response: Response, onBytes: (count: number) => void) {
  if (response.body === null) return new Uint8Array(await response.arrayBuffer());
  const counted = response.body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(piece, controller) {
        onBytes(piece.length);
        controller.enqueue(piece);
      },
    }),
  );
  return new Uint8Array(await new Response(counted).arrayBuffer());
}

async function sha256(data: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const missing = (detail: string, cause?: unknown) =>
  new EngineError("device_model_missing", detail, cause);
