import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiContext";

/** Every version and the aliases; polled, because others may change an alias. */
export function useModels() {
  const api = useApi();
  return useQuery({
    queryKey: ["models"],
    queryFn: ({ signal }) => api.models(signal),
    refetchInterval: 30_000,
    staleTime: 5_000,
  });
}
