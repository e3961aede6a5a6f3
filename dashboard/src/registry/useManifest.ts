import { skipToken, useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiContext";
import type { ModelName } from "../api/types";

/** The manifest of one version, which never changes; idle without a version. */
export function useManifest(model: ModelName | null | undefined) {
  const api = useApi();
  return useQuery({
    queryKey: ["manifest", model?.name, model?.version],
    queryFn: model ? ({ signal }) => api.manifest(model, signal) : skipToken,
    staleTime: Infinity,
  });
}
