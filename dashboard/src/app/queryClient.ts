import { QueryClient } from "@tanstack/react-query";

/**
 * `networkMode: always`: a local cloud answers on a laptop that is offline.
 * No hidden retries: a failure shows at once, and polling tries again anyway.
 */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { networkMode: "always", retry: false, staleTime: 0 },
      mutations: { networkMode: "always", retry: false },
    },
  });
}
