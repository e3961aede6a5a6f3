import { skipToken, useQuery } from "@tanstack/react-query";
import type { ModelName } from "visionflow-client";

import { useApi } from "../api/ApiContext";

/** One version with its manifest, its report and its files; idle without a version. */
export function useModel(model: ModelName | undefined) {
  const api = useApi();
  return useQuery({
    queryKey: ["model", model?.name, model?.version],
    queryFn: model ? ({ signal }) => api.model(model, signal) : skipToken,
    staleTime: 60_000,
  });
}
