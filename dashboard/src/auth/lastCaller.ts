import type { Me } from "visionflow-client";

/** Who used this page last on this device, for a page that opens without a network. */
export interface LastCaller {
  /** As the sign-in names the person; null in a stage without sign-in. */
  subject: string | null;
  email: string | null;
  me: Pick<Me, "id" | "name">;
}

const KEY = "visionflow.caller";

export function lastCaller(): LastCaller | null {
  try {
    const known = JSON.parse(localStorage.getItem(KEY) ?? "null") as LastCaller | null;
    return known !== null && typeof known.me.id === "string" ? known : null;
  } catch {
    return null;
  }
}

export function rememberCaller(caller: LastCaller): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(caller));
  } catch {
    // Then the page does not know its caller without a network.
  }
}

/**
 * The page does not open for this person without a network any more, as after signing out, and the
 * team's models do not stay on the device. What waits to be sent does, for that person alone.
 */
export async function forgetCaller(): Promise<void> {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // There was nothing to be remembered in.
  }
  // Not with the page, which needs it first.
  await import("../ondevice/cache")
    .then(({ forgetModels }) => forgetModels())
    .catch(() => undefined);
}
