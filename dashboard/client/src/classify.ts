import type { PredictionsApi } from "./areas/predictions.ts";
import { ApiError } from "./errors.ts";
import { pause, Repeatable, repeated, RETRIES } from "./transport/retry.ts";
import { sendToBucket } from "./transport/send.ts";
import type { DeviceResult, PredictAnswer, PredictionDetail } from "./types.ts";

/** Limit of a direct call: a Lambda event holds 6 MB, and the image is base64 in it. */
export const MAX_DIRECT_BYTES = 4_400_000;
const POLL_MS = 500;
const PATIENCE_MS = 60_000;

type Common = Pick<PredictAnswer, keyof PredictAnswer & keyof PredictionDetail>;
type Direct = Omit<PredictAnswer, keyof Common>;

/** The record of an image. What only a direct answer has is `null` for one that went round. */
export type Classified = Common & { [Field in keyof Direct]: Direct[Field] | null };

export interface ClassifyOptions {
  /** What the record calls the image; by default the name of a `File`. */
  filename?: string;
  /** Idempotency key: repeats with the same key and image get the first answer. */
  key?: string;
  /** Also answer the set of labels that holds the true one with this probability. */
  coverage?: number | null;
  /** Also answer a heatmap of what the label rests on. */
  explain?: boolean;
  /** What a device answered to the image already; its `device_id` is the key. */
  device?: DeviceResult;
  /** Gets the share of a large image that was sent, 0..1. */
  onSent?: (share: number) => void;
  signal?: AbortSignal;
}

export interface ClassifyApi {
  /**
   * Classify one image: directly, or through the bucket if it is too large for that.
   *
   * Resolves when there is a record, whose status may be `failed`. Throws `ApiError`; its code is
   * `still_waiting` where a large image arrived and has no record after a minute.
   */
  classify(image: Blob | Uint8Array<ArrayBuffer>, options?: ClassifyOptions): Promise<Classified>;
}

export function classifyApi(api: PredictionsApi, retries = RETRIES): ClassifyApi {
  return {
    classify: async (image, { filename, onSent, signal, ...asked } = {}) => {
      const file = fileOf(image, filename);
      if (file.size <= MAX_DIRECT_BYTES) {
        try {
          return await api.predict(file, asked, signal);
        } catch (cause) {
          // The gateway's limit is smaller than ours.
          if (!(cause instanceof ApiError && cause.code === "body_too_large")) throw cause;
        }
      }
      onSent?.(0);
      const form = await api.upload(file, signal);
      await sentOnce(form, file, retries, onSent, signal);
      onSent?.(1);
      return fromBucket(await recorded(api, form.id, signal));
    },
  };
}

function fileOf(image: Blob | Uint8Array<ArrayBuffer>, filename: string | undefined): File {
  if (image instanceof File && filename === undefined) return image;
  return new File([image], filename ?? "", image instanceof Blob ? { type: image.type } : {});
}

/** The bucket takes an object once: a repeat that it refuses for that had arrived before. */
function sentOnce(
  form: Parameters<typeof sendToBucket>[0],
  file: File,
  retries: number,
  onSent: ((share: number) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  let isRepeat = false;
  return repeated(signal, async () => {
    try {
      await sendToBucket(form, file, onSent, signal);
    } catch (cause) {
      if (!(cause instanceof ApiError)) throw cause;
      if (isRepeat && cause.status === 412) return;
      isRepeat = true;
      const mayPass = cause.status === null ? cause.code !== "timeout" : cause.status >= 500;
      throw mayPass ? new Repeatable(cause, retries) : cause;
    }
  });
}

/** The record of an uploaded file, once there is one. */
async function recorded(
  api: PredictionsApi,
  id: string,
  signal: AbortSignal | undefined,
): Promise<PredictionDetail> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await api.prediction(id, signal);
    } catch (cause) {
      if (!(cause instanceof ApiError && cause.code === "prediction_not_found")) throw cause;
    }
    if (performance.now() > deadline) throw new ApiError("still_waiting", `no record ${id} yet`);
    await pause(POLL_MS, signal);
  }
}

function fromBucket(record: PredictionDetail): Classified {
  return {
    ...record,
    temperature: null,
    unknown_threshold: null,
    familiarity_threshold: null,
    explanation: null,
    prediction_set: null,
  };
}
