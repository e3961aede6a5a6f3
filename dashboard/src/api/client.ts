import { type AccessApi, accessApi } from "./access";
import { type DatasetsApi, datasetsApi } from "./datasets";
import { type ModelsApi, modelsApi } from "./models";
import { type PredictionsApi, predictionsApi } from "./predictions";
import { type TrainingApi, trainingApi } from "./training";
import { createTransport, type TransportOptions } from "./transport";

/** Every method throws `ApiError`, and an `AbortError` when its signal says so. */
export type Api = PredictionsApi & ModelsApi & TrainingApi & DatasetsApi & AccessApi;

export function createApi(options: TransportOptions): Api {
  const client = createTransport(options);
  return {
    ...predictionsApi(client),
    ...modelsApi(client),
    ...trainingApi(client),
    ...datasetsApi(client),
    ...accessApi(client),
  };
}
