import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiContext";

const EVERY_MS = 15_000;

/** A dataset with its latest version and training; polled, because others work on it too. */
export function useDataset(name: string) {
  const api = useApi();
  return useQuery({
    queryKey: ["dataset", name],
    queryFn: ({ signal }) => api.dataset(name, signal),
    refetchInterval: ({ state }) => (state.status === "error" ? false : EVERY_MS),
  });
}
