import type { DeviceModel } from "visionflow-client";

/** What the runtime's file has, about, in bytes: it is loaded with the first model. */
export const RUNTIME_BYTES = 3_600_000;

/** Why the engine cannot answer. The page has a sentence for each. */
export type EngineErrorCode =
  /** The browser lacks what it takes. */
  | "device_unsupported"
  /** The model is not kept here, and cannot be had now. */
  | "device_model_missing"
  /** A file of the model is not what its checksum says. */
  | "device_checksum"
  /** The image cannot be decoded here. */
  | "device_image"
  /** The runtime or the model fails. */
  | "device_failed";

export class EngineError extends Error {
  override name = "EngineError";
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, detail: string, cause?: unknown) {
    super(detail, { cause });
    this.code = code;
  }
}

/** A rectangle in fractions of the upright image. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Where the evidence for `label` is: rows of 0 to 1 over `box`, as the API says it. */
export interface ActivationMap {
  label: string;
  width: number;
  height: number;
  values: number[][];
  box: Box;
}

/** What the version answers about an image, as the functions would. */
export interface EngineAnswer {
  status: "ok" | "unknown";
  /** The best label, the deepest parent that is certain enough, or the best guess. */
  label: string;
  confidence: number;
  /** What is above `label`, from the top down. */
  parents: string[];
  unknownReason: "unsure" | "unfamiliar" | null;
  familiarity: number | null;
  /** The five best labels. */
  topK: { label: string; confidence: number }[];
  /** Pixels of the upright image. */
  width: number;
  height: number;
  milliseconds: { decode: number; prepare: number; infer: number };
  explanation: ActivationMap | null;
}

export type Frame = ImageBitmap | VideoFrame;

/** What the page tells the worker; all but the first after `opened`. */
export type Command =
  | { kind: "open"; model: DeviceModel; serving: boolean; folder: string; threads: number }
  | { kind: "classify"; id: number; image: Blob | ImageBitmap; explain: boolean }
  | { kind: "frame"; id: number; image: Frame }
  | { kind: "restart" };

/** What the worker says. `id` is that of the command, `null` for `open`. */
export type Report =
  | { kind: "progress"; share: number }
  /** `files`: the addresses of what the engine itself consists of. */
  | { kind: "opened"; files: string[] }
  | { kind: "answer"; id: number; answer: EngineAnswer }
  | { kind: "error"; id: number | null; code: EngineErrorCode; detail: string };
