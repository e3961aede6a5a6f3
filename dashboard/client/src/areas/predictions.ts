import { imageFormats, typeOf } from "../images/formats.ts";
import { KEY_HEADER, randomKey } from "../transport/key.ts";
import { ask, type Transport, WRITE_TIMEOUT_MS } from "../transport/transport.ts";
import type {
  Costs,
  DailyStats,
  DeviceRecord,
  DeviceResult,
  FeedbackRequest,
  LogEntry,
  LogPage,
  LogQuery,
  MonthCost,
  PredictAnswer,
  PredictionDetail,
  RecordExplanation,
  RecordTaken,
  RecordThumbnails,
  Stats,
  UploadForm,
  UploadRequest,
} from "../types.ts";

/** API Gateway gives up after 30 s; a second more lets its own answer arrive. */
const LONG_TIMEOUT_MS = 31_000;

export interface PredictOptions {
  /** Idempotency key: repeats with the same key and image get the first answer. */
  key?: string;
  /** Also answer the set of labels that holds the true one with this probability. */
  coverage?: number | null;
  /** Also answer a heatmap of what the label rests on. */
  explain?: boolean;
  /** What a device answered to the image already; its `device_id` is the key. */
  device?: DeviceResult;
}

export interface Span {
  from?: string;
  to?: string;
}

/** Records of one call; the API refuses more. */
export const MOST_RECORD_THUMBNAILS = 20;

/** Of devices, in one call. */
export const MOST_RECORDS = 25;

export interface PredictionsApi {
  predict(file: File, options?: PredictOptions, signal?: AbortSignal): Promise<PredictAnswer>;
  /** Records what a device answered to images that stay there, each once; at most `MOST_RECORDS`. */
  recordPredictions(records: readonly DeviceRecord[], signal?: AbortSignal): Promise<RecordTaken[]>;
  /** A presigned request that uploads one large file to the images bucket, once. */
  upload(file: File, signal?: AbortSignal): Promise<UploadForm>;
  logs(query: LogQuery, signal?: AbortSignal): Promise<LogPage>;
  prediction(id: string, signal?: AbortSignal): Promise<PredictionDetail>;
  /** The heatmap of a record, by the version that answered it; adds no record. */
  explanation(id: string, signal?: AbortSignal): Promise<RecordExplanation>;
  /** Of at most `MOST_RECORD_THUMBNAILS`. */
  recordThumbnails(ids: readonly string[], signal?: AbortSignal): Promise<RecordThumbnails>;
  feedback(id: string, said: FeedbackRequest): Promise<LogEntry>;
  /** Takes back the caller's latest feedback. */
  withdrawFeedback(id: string): Promise<Pick<PredictionDetail, "feedback" | "undoable">>;
  /** Least certain first, without feedback so far. */
  uncertain(limit: number, signal?: AbortSignal): Promise<LogEntry[]>;
  stats(span: Span, signal?: AbortSignal): Promise<Stats>;
  /** Day by day and version by version; at most 92 days. */
  dailyStats(span: Span, signal?: AbortSignal): Promise<DailyStats>;
  /** Of the day and month of clocks that are `offset` minutes ahead of UTC. */
  costs(offset: number, signal?: AbortSignal): Promise<Costs>;
  monthCost(offset: number, signal?: AbortSignal): Promise<MonthCost>;
}

export function predictionsApi(client: Transport): PredictionsApi {
  return {
    predict: (file, { device, key, coverage = null, explain = false } = {}, signal) => {
      const repeatedBy = device?.device_id ?? key ?? randomKey();
      return ask(
        signal,
        (bounded) =>
          client.POST("/predict", {
            params: {
              query: { explain, ...(coverage !== null && { coverage }) },
              header: { [KEY_HEADER]: repeatedBy },
            },
            // OpenAPI types a binary field as string; the file itself is sent.
            body: { file: file as unknown as string },
            bodySerializer: () => multipart(file, device),
            signal: bounded,
          }),
        LONG_TIMEOUT_MS,
      );
    },
    recordPredictions: async (records, signal) => {
      const headers = { [KEY_HEADER]: randomKey() }; // the API goes by the ids, retries by the header
      const { items } = await ask(
        signal,
        (bounded) =>
          client.POST("/predictions", {
            body: { records: [...records] },
            headers,
            signal: bounded,
          }),
        WRITE_TIMEOUT_MS,
      );
      return items;
    },
    upload: (file, signal) =>
      ask(signal, async (bounded) =>
        client.POST("/uploads", {
          body: {
            content_type: await uploadType(file),
            bytes: file.size,
            filename: file.name === "" ? null : file.name,
          },
          signal: bounded,
        }),
      ),
    logs: (query, signal) =>
      ask(signal, (bounded) => client.GET("/logs", { params: { query }, signal: bounded })),
    prediction: (id, signal) =>
      ask(signal, (bounded) =>
        client.GET("/predictions/{id}", { params: { path: { id } }, signal: bounded }),
      ),
    explanation: (id, signal) =>
      ask(
        signal,
        (bounded) =>
          client.GET("/predictions/{id}/explanation", {
            params: { path: { id } },
            signal: bounded,
          }),
        WRITE_TIMEOUT_MS,
      ),
    recordThumbnails: (ids, signal) => {
      const query = { predictions: ids.join(",") };
      return ask(
        signal,
        (bounded) => client.GET("/thumbnails", { params: { query }, signal: bounded }),
        WRITE_TIMEOUT_MS,
      );
    },
    feedback: (id, body) =>
      ask(undefined, (bounded) =>
        client.POST("/predictions/{id}/feedback", {
          params: { path: { id } },
          body,
          signal: bounded,
        }),
      ),
    withdrawFeedback: (id) =>
      ask(undefined, (bounded) =>
        client.DELETE("/predictions/{id}/feedback", { params: { path: { id } }, signal: bounded }),
      ),
    uncertain: async (limit, signal) => {
      const { items } = await ask(signal, (bounded) =>
        client.GET("/uncertain", { params: { query: { limit } }, signal: bounded }),
      );
      return items;
    },
    stats: (query, signal) =>
      ask(signal, (bounded) => client.GET("/stats", { params: { query }, signal: bounded })),
    dailyStats: (query, signal) =>
      ask(signal, (bounded) => client.GET("/stats/daily", { params: { query }, signal: bounded })),
    costs: (offset, signal) =>
      ask(signal, (bounded) =>
        client.GET("/costs", { params: { query: { offset } }, signal: bounded }),
      ),
    monthCost: (offset, signal) =>
      ask(
        signal,
        (bounded) => client.GET("/costs/month", { params: { query: { offset } }, signal: bounded }),
        LONG_TIMEOUT_MS,
      ),
  };
}

function multipart(file: File, device: DeviceResult | undefined): FormData {
  const form = new FormData();
  form.append("file", file);
  if (device) form.append("device", JSON.stringify(device));
  return form;
}

/** What its bytes say, or else its name; the service goes by its bytes in any case. */
async function uploadType(file: File): Promise<UploadRequest["content_type"]> {
  return ((await typeOf(file)) ?? imageFormats.unknown_type) as UploadRequest["content_type"];
}
