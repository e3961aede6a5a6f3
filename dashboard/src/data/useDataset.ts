import { useQuery } from "@tanstack/react-query";
import { ApiError } from "visionflow-client";

import { useApi } from "../api/ApiContext";

const EVERY_MS = 15_000;
const EVERY_MS_WHILE_DOWN = 3_000;

/** A dataset with its latest version and training; polled, because others work on it too. */
export function useDataset(name: string) {
  const api = useApi();
  return useQuery({
    queryKey: ["dataset", name],
    queryFn: ({ signal }) => api.dataset(name, signal),
    refetchInterval: ({ state: { error } }) => {
      if (!error) return EVERY_MS;
      // Only what did not arrive is asked for again: a refusal would be repeated.
      return error instanceof ApiError && error.unreachable ? EVERY_MS_WHILE_DOWN : false;
    },
  });
}
