import type { Client, Me } from "visionflow-client";

/**
 * Whether something waits on this device, told without the database: the code that sends is loaded
 * only where there is something to send.
 */
const KEY = "visionflow.outbox";
const CHANGED = "visionflow-outbox";

/** Whose items they are: callers of one deployment are not those of another. */
export function ownerKey({ url }: Client, { id }: Pick<Me, "id">): string {
  return `${url} ${id}`;
}

/** How many items of each owner wait. */
function counts(): Record<string, number> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<string, number>;
  } catch {
    return {};
  }
}

export function waitingOf(owner: string): number {
  return counts()[owner] ?? 0;
}

export function noteWaiting(owner: string, waiting: number): void {
  if (waitingOf(owner) === waiting) return;
  const known = Object.entries(counts()).filter(([other]) => other !== owner);
  if (waiting > 0) known.push([owner, waiting]);
  try {
    if (known.length === 0) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(known)));
  } catch {
    // It is sent all the same while the page that made it is open.
  }
  window.dispatchEvent(new Event(CHANGED));
}

export function subscribeWaiting(listener: () => void): () => void {
  window.addEventListener(CHANGED, listener);
  window.addEventListener("storage", listener); // of other tabs
  return () => {
    window.removeEventListener(CHANGED, listener);
    window.removeEventListener("storage", listener);
  };
}
