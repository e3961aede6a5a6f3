import { type QueryClient, skipToken, useQuery } from "@tanstack/react-query";
import type { ApiError, Costs } from "visionflow-client";

const REFUSAL = ["budget-stop"];
/** Where the live page keeps the costs. */
export const COSTS = ["costs"];

/** Remembers that the API refused a request because the budget is used up, or did not. */
export function noteBudget(queries: QueryClient, refusal: ApiError | null): void {
  queries.setQueryData<ApiError | null>(REFUSAL, refusal);
  if (refusal === null) {
    queries.setQueryData<Costs>(COSTS, (costs) => costs && { ...costs, stopped: null });
  }
}

export interface BudgetStop {
  /** Epoch ms; `null` where only the costs say that the budget is used up. */
  endsAt: number | null;
}

/** Whether the budget is used up, as far as an answer of the API has said so. */
export function useBudgetStop(): BudgetStop | null {
  const known = { queryFn: skipToken, gcTime: Infinity } as const;
  const refusal = useQuery<ApiError | null>({ queryKey: REFUSAL, ...known }).data;
  const costs = useQuery<Costs>({ queryKey: COSTS, ...known }).data;
  if (refusal) return { endsAt: refusal.retryAt };
  return costs?.stopped ? { endsAt: null } : null;
}
