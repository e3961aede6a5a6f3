import { type QueryClient, skipToken, useQuery } from "@tanstack/react-query";

import type { ApiError } from "../api/errors";

const KEY = ["budget-stop"];

/** Remembers that the API refused a request because the budget is used up, or did not. */
export function noteBudget(queries: QueryClient, stop: ApiError | null): void {
  queries.setQueryData<ApiError | null>(KEY, stop);
}

/** The last such refusal, `null` where none is known. */
export function useBudgetStop(): ApiError | null {
  const stop = useQuery<ApiError | null>({ queryKey: KEY, queryFn: skipToken, gcTime: Infinity });
  return stop.data ?? null;
}
