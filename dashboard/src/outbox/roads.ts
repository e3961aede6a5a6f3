import {
  ApiError,
  type Client,
  type DeviceResult,
  modelRef,
  type PredictAnswer,
  type RecordTaken,
} from "visionflow-client";

import type { Bytes, Row } from "./record";

/** What the device answered, as both roads send it. */
function answerOf({ deviceId, madeAt, model, answer }: Row): DeviceResult {
  return {
    device_id: deviceId,
    origin: "browser",
    made_at: madeAt,
    model: modelRef(model),
    status: answer.status,
    label: answer.label,
    confidence: answer.confidence,
    top_k: answer.topK,
    unknown_reason: answer.unknownReason,
    familiarity: answer.familiarity,
  };
}

/** Records without images, in one call; what became of each, in their order. */
export async function sendRecords(api: Client, rows: readonly Row[]): Promise<RecordTaken[]> {
  const records = rows.map((row) => ({
    ...answerOf(row),
    filename: row.filename,
    width: row.answer.width,
    height: row.answer.height,
    milliseconds: total(row.answer.milliseconds),
  }));
  return api.recordPredictions(records);
}

/** Never 0, which the API refuses: a browser that hides its clock counts in steps of 100 ms. */
function total({ decode, prepare, infer }: Row["answer"]["milliseconds"]): number {
  return Math.max(1, decode + prepare + infer);
}

/** One record with its image, which the cloud classifies too. */
export async function sendImage(api: Client, row: Row, image: Bytes): Promise<PredictAnswer> {
  const file = new File([image.bytes], row.filename ?? "", { type: image.type });
  return api.predict(file, { device: answerOf(row) });
}

/** What a person said. Where an earlier try may have arrived it is looked up: history has no keys. */
export async function sendLabel(
  api: Client,
  id: string,
  label: string | null,
  begunBy: string | null,
): Promise<void> {
  if (begunBy !== null && (await lastSaid(api, id, begunBy)) === label) return;
  await api.feedback(id, { label, new: false, from_queue: false });
}

/** What `name` said last of a record; undefined: nothing. */
async function lastSaid(api: Client, id: string, name: string): Promise<string | null | undefined> {
  const { items } = await api.call("GET /predictions/{id}/feedback", { params: { path: { id } } });
  return items.filter(({ by }) => by === name).at(-1)?.label;
}

/** An image that is there already stays there once: the API goes by its bytes. */
export async function sendToDataset(api: Client, id: string, row: Row): Promise<void> {
  if (row.dataset === null) return;
  const { name, label } = row.dataset;
  const { missing } = await api.takePredictions(name, [id], label);
  if (missing > 0) throw new ApiError("image_missing", "its image is gone", { retryable: false });
}
