import { queryOptions } from "@tanstack/react-query";
import type { Client } from "visionflow-client";

const EVERY_MS = 5_000;

/** Who is told of events, and how deliveries went; looked at again while it is on the screen. */
export function hooksQuery(api: Client) {
  return queryOptions({
    queryKey: ["hooks"],
    queryFn: ({ signal }) => api.hooks(signal),
    refetchInterval: EVERY_MS,
  });
}
