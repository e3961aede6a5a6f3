import { type AccessApi, accessApi } from "./access";
import { type BackfillsApi, backfillsApi } from "./backfills";
import { type DatasetsApi, datasetsApi } from "./datasets";
import { type ModelsApi, modelsApi } from "./models";
import { type PredictionsApi, predictionsApi } from "./predictions";
import { type TrainingApi, trainingApi } from "./training";
import { createTransport, type TransportOptions } from "./transport/transport";

/** Every method throws `ApiError`, and an `AbortError` when its signal says so. */
export type Api = PredictionsApi &
  ModelsApi &
  TrainingApi &
  BackfillsApi &
  DatasetsApi &
  AccessApi &
  ApiAddress;

/** What a program needs to call the API too. */
export interface ApiAddress {
  /** Absolute, without a slash at its end. */
  readonly url: string;
  /** Whether it asks for a key or a token. */
  readonly asksWho: boolean;
}

export function createApi(options: TransportOptions): Api {
  const client = createTransport(options);
  return {
    url: options.apiUrl,
    asksWho: options.token !== undefined,
    ...predictionsApi(client),
    ...modelsApi(client),
    ...trainingApi(client),
    ...backfillsApi(client),
    ...datasetsApi(client),
    ...accessApi(client),
  };
}
