import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiContext";
import type { ModelName } from "../api/types";

/** One version with its manifest, its report and its files; idle without a version. */
export function useModel({ name, version }: Partial<ModelName>) {
  const api = useApi();
  return useQuery({
    queryKey: ["model", name, version],
    queryFn: ({ signal }) => api.model(version ?? "", name, signal),
    enabled: version !== undefined,
    staleTime: 60_000,
  });
}
