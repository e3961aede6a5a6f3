import { type AccessApi, accessApi } from "./areas/access.ts";
import { type BackfillsApi, backfillsApi } from "./areas/backfills.ts";
import { type DatasetsApi, datasetsApi } from "./areas/datasets.ts";
import { type ModelsApi, modelsApi } from "./areas/models.ts";
import { type PredictionsApi, predictionsApi } from "./areas/predictions.ts";
import { type TrainingApi, trainingApi } from "./areas/training.ts";
import { type CallsApi, callsApi } from "./calls.ts";
import { type ClassifyApi, classifyApi } from "./classify.ts";
import { ApiError } from "./errors.ts";
import { type ListsApi, listsApi } from "./lists.ts";
import { type ClientOptions, createTransport } from "./transport/transport.ts";

/** Every method throws `ApiError`, and an `AbortError` when its signal says so. */
export type Client = ClassifyApi &
  ListsApi &
  PredictionsApi &
  ModelsApi &
  TrainingApi &
  BackfillsApi &
  DatasetsApi &
  AccessApi &
  CallsApi &
  ApiAddress;

/** What a program needs to call the API too. */
export interface ApiAddress {
  /** Absolute, without a slash at its end. */
  readonly url: string;
  /** Whether it asks for a key or a token. */
  readonly asksWho: boolean;
}

/** Throws `ApiError` with `invalid_setting` for a URL by which the key would travel unencrypted. */
export function createClient(options: ClientOptions): Client {
  const url = options.url.replace(/\/+$/, "");
  if (options.key) refuseOpen(url);
  const transport = createTransport({ ...options, url });
  const predictions = predictionsApi(transport);
  return {
    url,
    asksWho: options.key !== undefined || options.token !== undefined,
    ...predictions,
    ...modelsApi(transport),
    ...trainingApi(transport),
    ...backfillsApi(transport),
    ...datasetsApi(transport),
    ...accessApi(transport),
    ...callsApi(transport),
    ...listsApi(transport),
    ...classifyApi(predictions, options.retries),
  };
}

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

function refuseOpen(url: string): void {
  const { protocol, hostname } = new URL(url);
  if (protocol === "https:" || LOOPBACK.has(hostname)) return;
  throw new ApiError("invalid_setting", `${url} is not encrypted; no key is sent to it`, {
    retryable: false,
  });
}
