import type { ApiKey } from "visionflow-client";

export type KeyState = "active" | "expired" | "revoked";

export function stateOf({ revoked_at, expires_at }: ApiKey, now = Date.now()): KeyState {
  if (revoked_at !== null) return "revoked";
  return expires_at !== null && Date.parse(expires_at) <= now ? "expired" : "active";
}
