import type { ModelName } from "visionflow-client";

/** What the model on this device answered, as its engine says it. */
export interface DeviceResult {
  status: "ok" | "unknown";
  label: string;
  confidence: number;
  parents: string[];
  unknownReason: "unsure" | "unfamiliar" | null;
  familiarity: number | null;
  topK: { label: string; confidence: number }[];
  /** Pixels, upright. */
  width: number;
  height: number;
  milliseconds: { decode: number; prepare: number; infer: number };
}

/** A record made on this device, to be sent when there is a network. */
export interface NewRecord {
  answer: DeviceResult;
  model: ModelName;
  /** By the device's clock, ISO 8601 in UTC. */
  madeAt: string;
  filename: string | null;
  /** The very bytes that were classified, where they are to be sent; at most `MAX_DIRECT_BYTES`. */
  image: Blob | null;
  thumbnail: Blob | null;
  /** Where the image goes once it is recorded; only with an image. */
  dataset: { name: string; label: string | null } | null;
}

export interface Refusal {
  code: string;
  message: string;
}

export interface OutboxItem {
  deviceId: string;
  madeAt: string;
  answer: DeviceResult;
  model: ModelName;
  filename: string | null;
  thumbnail: Blob | null;
  hasImage: boolean;
  /** What a person said about it. */
  feedback?: { label: string | null };
  state: "waiting" | "sent" | "refused";
  /** Of the prediction, once the cloud has recorded it. */
  id: string | null;
  /** Why the cloud took it, its label or its image into the dataset not. */
  error: Refusal | null;
}

/** Bytes rather than a blob: WebKit has lost blobs that a database held. */
export interface Bytes {
  bytes: ArrayBuffer;
  type: string;
}

/** An item as the database has it. The bytes of its image lie apart. */
export interface Row {
  deviceId: string;
  /** Deployment and caller: nobody else sees or sends it. */
  owner: string;
  madeAt: string;
  /** When it came in, epoch ms. */
  addedAt: number;
  answer: DeviceResult;
  model: ModelName;
  filename: string | null;
  thumbnail: Bytes | null;
  hasImage: boolean;
  dataset: { name: string; label: string | null } | null;
  isInDataset: boolean;
  /** What a person said last, and for the how manieth time. */
  said: { label: string | null; turn: number } | null;
  /** The turn that was begun to be sent, and the one that has arrived. */
  saidBegun: number;
  saidSent: number;
  /** Of the prediction. */
  id: string | null;
  refusal: Refusal | null;
  /** When the last step was done, epoch ms. */
  sentAt: number | null;
}

export type Step = "record" | "label" | "dataset";

/** What of an item is to be sent next; null: nothing is left. */
export function nextStep({ id, said, saidSent, dataset, isInDataset }: Row): Step | null {
  if (id === null) return "record";
  if (said !== null && said.turn !== saidSent) return "label";
  return dataset !== null && !isInDataset ? "dataset" : null;
}

export function isWaiting(row: Row): boolean {
  return row.refusal === null && nextStep(row) !== null;
}

export function stateOf(row: Row): OutboxItem["state"] {
  if (row.refusal !== null) return "refused";
  return isWaiting(row) ? "waiting" : "sent";
}
