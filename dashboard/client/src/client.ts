import { type AccessApi, accessApi } from "./areas/access.ts";
import { type BackfillsApi, backfillsApi } from "./areas/backfills.ts";
import { type DatasetsApi, datasetsApi } from "./areas/datasets.ts";
import { type ModelsApi, modelsApi } from "./areas/models.ts";
import { type PredictionsApi, predictionsApi } from "./areas/predictions.ts";
import { type TrainingApi, trainingApi } from "./areas/training.ts";
import { type CallsApi, callsApi } from "./calls.ts";
import { type ClassifyApi, classifyApi } from "./classify.ts";
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

export function createClient(options: ClientOptions): Client {
  const url = options.url.replace(/\/+$/, "");
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
