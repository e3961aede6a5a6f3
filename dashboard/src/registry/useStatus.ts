import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiContext";

const EVERY_MS = 30_000;
const EVERY_MS_WHILE_DOWN = 3_000;

/** The model in service and its labels; polled, so that a promoted version shows. */
export function useStatus() {
  const api = useApi();
  return useQuery({
    queryKey: ["status"],
    queryFn: ({ signal }) => api.status(signal),
    refetchInterval: ({ state }) => (state.status === "error" ? EVERY_MS_WHILE_DOWN : EVERY_MS),
    staleTime: EVERY_MS,
  });
}
