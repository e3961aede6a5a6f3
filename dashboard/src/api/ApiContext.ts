import { createContext, useContext } from "react";

import type { Client } from "visionflow-client";

export const ApiContext = createContext<Client | null>(null);

export function useApi(): Client {
  const api = useContext(ApiContext);
  if (api === null) throw new Error("useApi needs an ApiContext above it");
  return api;
}
