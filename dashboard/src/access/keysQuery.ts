import { queryOptions } from "@tanstack/react-query";
import type { Client } from "visionflow-client";

/** All API keys, for those who may read them. */
export function keysQuery(api: Client) {
  return queryOptions({ queryKey: ["keys"], queryFn: ({ signal }) => api.keys(signal) });
}
