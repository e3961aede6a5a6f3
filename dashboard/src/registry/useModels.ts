import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiContext";

/** Every version of the registry and what serves now; asked again, as others may move an alias. */
export function useModels() {
  const api = useApi();
  return useQuery({
    queryKey: ["models"],
    queryFn: ({ signal }) => api.models(signal),
    refetchInterval: 15_000,
    staleTime: 5_000,
  });
}
