import { type QueryClient, skipToken, useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

const REACH = ["reach"];

export type Reach = "reached" | "offline" | "unreachable";

/** Remembers whether the API answered the latest request, whatever it said. */
export function noteReach(queries: QueryClient, isReached: boolean): void {
  queries.setQueryData<boolean>(REACH, isReached);
}

/**
 * Whether the API can be reached, for every part of the page alike. A browser without a network
 * still reaches a local cloud, so it counts as offline only once the API has not answered.
 */
export function useReach(): Reach {
  const { data: isReached = true } = useQuery<boolean>({
    queryKey: REACH,
    queryFn: skipToken,
    gcTime: Infinity,
  });
  const isOnline = useOnline();
  return isReached ? "reached" : isOnline ? "unreachable" : "offline";
}

/** Whether the browser has any network. */
export function useOnline(): boolean {
  return useSyncExternalStore(subscribe, () => navigator.onLine);
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("online", listener);
  window.addEventListener("offline", listener);
  return () => {
    window.removeEventListener("online", listener);
    window.removeEventListener("offline", listener);
  };
}
