import { queryOptions } from "@tanstack/react-query";

import type { Api } from "../api/client";

const EVERY_MS = 5_000;

/** Who is told of events, and how deliveries went; looked at again while it is on the screen. */
export function hooksQuery(api: Api) {
  return queryOptions({
    queryKey: ["hooks"],
    queryFn: ({ signal }) => api.hooks(signal),
    refetchInterval: EVERY_MS,
  });
}
