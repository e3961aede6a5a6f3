import { ApiError, type Client, modelRef, type PredictAnswer } from "visionflow-client";

import { type Bytes, type Refusal, type Row } from "./record";

/** Records of one call; the API refuses more. */
export const MOST_RECORDS = 25;

interface Outcome {
  device_id: string;
  id: string | null;
  outcome: "recorded" | "known" | "refused";
  error: Refusal | null;
}

interface RecordsApi {
  call(operation: string, init: { body: object }): Promise<{ items: Outcome[] }>;
}

/** What the device answered, as both roads send it. */
function answerOf({ deviceId, madeAt, model, answer }: Row) {
  return {
    device_id: deviceId,
    origin: "browser" as const,
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
export async function sendRecords(api: Client, rows: readonly Row[]): Promise<Outcome[]> {
  const records = rows.map((row) => ({
    ...answerOf(row),
    filename: row.filename,
    width: row.answer.width,
    height: row.answer.height,
    milliseconds: total(row.answer.milliseconds),
  }));
  const { items } = await (api as unknown as RecordsApi).call("POST /predictions", {
    body: { records },
  });
  return items;
}

function total({ decode, prepare, infer }: Row["answer"]["milliseconds"]): number {
  return decode + prepare + infer;
}

/** One record with its image, which the cloud classifies too. */
export async function sendImage(api: Client, row: Row, image: Bytes): Promise<PredictAnswer> {
  const file = new File([image.bytes], row.filename ?? "", { type: image.type });
  const form = new FormData();
  form.append("file", file);
  form.append("device", JSON.stringify(answerOf(row)));
  return api.call("POST /predict", {
    // OpenAPI types a binary field as string; the form itself is sent.
    body: { file: "" },
    bodySerializer: () => form,
  });
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
