import { queryOptions } from "@tanstack/react-query";

import type { Api } from "../api/client";

/** All API keys, for those who may read them. */
export function keysQuery(api: Api) {
  return queryOptions({ queryKey: ["keys"], queryFn: ({ signal }) => api.keys(signal) });
}
