import {
  queryOptions,
  skipToken,
  useQueries,
  useQuery,
  type UseQueryResult,
} from "@tanstack/react-query";
import type { Client, Manifest, ModelName } from "visionflow-client";

import { useApi } from "../api/ApiContext";

function manifestQuery(api: Client, model: ModelName | null | undefined) {
  return queryOptions({
    queryKey: ["manifest", model?.name, model?.version],
    queryFn: model ? ({ signal }) => api.manifest(model, signal) : skipToken,
    staleTime: Infinity,
  });
}

/** The manifest of one version, which never changes; idle without a version. */
export function useManifest(model: ModelName | null | undefined) {
  return useQuery(manifestQuery(useApi(), model));
}

/** The manifests of several versions, as far as they are known. */
export function useManifests(models: readonly ModelName[]): Manifest[] {
  const api = useApi();
  return useQueries({
    queries: models.map((model) => manifestQuery(api, model)),
    combine: known,
  });
}

function known(answers: UseQueryResult<Manifest>[]): Manifest[] {
  return answers.flatMap(({ data }) => data ?? []);
}
