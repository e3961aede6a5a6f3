import { queryOptions, useQuery } from "@tanstack/react-query";
import { ApiError, type Client, type Me, type Scope } from "visionflow-client";

import { useApi } from "../api/ApiContext";
import { type KnownRoute, NEEDS } from "./scopes";

const AGAIN_MS = 10_000;

/** Answered once, since roles change at the next sign-in; asked until then where nobody answers. */
export function meQuery(api: Client) {
  return queryOptions({
    queryKey: ["me"],
    queryFn: ({ signal }) => api.me(signal),
    staleTime: Infinity,
    gcTime: Infinity,
    refetchInterval: ({ state: { error } }) =>
      error instanceof ApiError && error.unreachable ? AGAIN_MS : false,
  });
}

export function useMe(): Me | undefined {
  return useQuery(meQuery(useApi())).data;
}

/**
 * Whether the caller may use a route. Nobody may before the API has said who they are; where it
 * cannot say so, everything is offered, and the API refuses what it must.
 */
export function useMay(): (route: KnownRoute) => boolean {
  const holds = useHolds();
  return (route) => holds(NEEDS[route]);
}

/** Whether the caller has a scope, for what a route allows to some of its callers. */
export function useHolds(): (scope: Scope) => boolean {
  // Not `isError`, which is false while somebody asks again, and would take away what is offered.
  const { data, errorUpdateCount } = useQuery(meQuery(useApi()));
  return (scope) => (data ? data.scopes.includes(scope) : errorUpdateCount > 0);
}

const SECURED: readonly Scope[] = ["models", "admin"];

/** Whether a second factor would give `scope` to the caller. */
export function givesOnceSecured(me: Me, scope: Scope): boolean {
  return me.waiting_roles.length > 0 && SECURED.includes(scope);
}
