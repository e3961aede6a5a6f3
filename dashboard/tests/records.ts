import type {
  DeviceResult,
  Explanation,
  Feedback,
  LogEntry,
  PredictAnswer,
  PredictionStatus,
} from "visionflow-client";

const START = Date.parse("2026-03-01T09:00:00Z");

/** The `n`-th record of a test, one second after the one before it. */
export function record(n: number, changes: Partial<LogEntry> = {}): LogEntry {
  const status: PredictionStatus = changes.status ?? "ok";
  const failed = status === "failed";
  return {
    id: `s3-${String(n).padStart(6, "0")}`,
    source: "s3",
    status,
    label: failed ? null : "cat",
    confidence: failed ? null : 0.93,
    top_k: failed
      ? []
      : [
          { label: "cat", confidence: 0.93 },
          { label: "dog", confidence: 0.05 },
        ],
    model: failed ? null : { name: "starter", version: "1.0.0" },
    image: {
      bucket: "images",
      key: `uploads/photo-${n}.jpg`,
      version_id: null,
      width: 640,
      height: 480,
      bytes: 52_000,
      sha256: "0".repeat(64),
    },
    thumbnail_key: failed ? null : `thumbnails/${n}.jpg`,
    thumbnail_url: failed ? null : `http://images.test/thumbnails/${n}.jpg`,
    timings: { decode: 3.2, prepare: 1.8, infer: 4.4 },
    created_at: new Date(START + n * 1000).toISOString().replace("Z", "000Z"),
    error: failed ? { code: "image_truncated", message: "The image ends early." } : null,
    expires_at: START / 1000 + 30 * 86_400,
    parents: [],
    unknown_reason: null,
    familiarity: null,
    feedback: null,
    refused: null,
    owner: null,
    filename: null,
    origin: "cloud",
    made_at: null,
    device: null,
    ...changes,
  };
}

/** What a device answered to an image of a cat. */
export function deviceResult(id: string, changes: Partial<DeviceResult> = {}): DeviceResult {
  return {
    device_id: id,
    origin: "browser",
    made_at: new Date(START).toISOString(),
    model: "starter/1.0.0",
    status: "ok",
    label: "cat",
    confidence: 0.93,
    top_k: [{ label: "cat", confidence: 0.93 }],
    unknown_reason: null,
    familiarity: null,
    ...changes,
  };
}

export function feedback(label: string | null, changes: Partial<Feedback> = {}): Feedback {
  return {
    label,
    at: "2026-03-01T09:30:00.000000Z",
    by: "ann@team.test",
    parents: [],
    is_parent: false,
    weight: 1,
    from_queue: false,
    ...changes,
  };
}

export function explanation(): Explanation {
  return {
    label: "cat",
    width: 2,
    height: 1,
    values: [[0, 1]],
    overlay: "data:image/png;base64,iVBORw0KGgo=",
    box: { left: 0.125, top: 0, width: 0.75, height: 1 },
  };
}

export function answer(changes: Partial<PredictAnswer> = {}): PredictAnswer {
  return {
    ...record(0, { source: "api" }),
    temperature: 0.7,
    unknown_threshold: 0.6,
    familiarity_threshold: null,
    prediction_set: null,
    explanation: explanation(),
    ...changes,
  };
}
