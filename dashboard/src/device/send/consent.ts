import { useSyncExternalStore } from "react";

import { useOwner } from "../../outbox/useOwner";

/** What may leave this device besides answers, and where it goes. */
export interface Consent {
  /** Whether images are sent. */
  send: boolean;
  /** Beside the history; `null` for the history alone. */
  dataset: { name: string; label: string | null } | null;
}

const STORAGE_KEY = "visionflow.device.consent";
const NONE: Consent = { send: false, dataset: null };

/** What was read last, so that it is the same object while it says the same. */
let read: { key: string; text: string | null; consent: Consent } | null = null;
const listeners = new Set<() => void>();

/** What `owner` agreed to on this device; nothing until they have, and nothing for nobody. */
export function consented(owner: string | null): Consent {
  if (owner === null) return NONE;
  const key = keyOf(owner);
  const text = stored(key);
  if (read?.key !== key || read.text !== text) read = { key, text, consent: parse(text) };
  return read.consent;
}

export function consentTo(owner: string, consent: Consent): void {
  localStorage.setItem(keyOf(owner), JSON.stringify(consent));
  for (const listener of listeners) listener();
}

export function useConsent(): Consent {
  const owner = useOwner();
  return useSyncExternalStore(subscribe, () => consented(owner));
}

/** Each caller agrees for themselves: another one on the same device has agreed to nothing. */
function keyOf(owner: string): string {
  return `${STORAGE_KEY} ${owner}`;
}

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is denied
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener); // another tab
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

/** Whatever is not exactly an agreement is none. */
function parse(text: string | null): Consent {
  if (text === null) return NONE;
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return NONE;
  }
  if (typeof found !== "object" || found === null) return NONE;
  const { send, dataset } = found as { send?: unknown; dataset?: unknown };
  return { send: send === true, dataset: isTarget(dataset) ? dataset : null };
}

function isTarget(value: unknown): value is NonNullable<Consent["dataset"]> {
  if (typeof value !== "object" || value === null) return false;
  const { name, label } = value as { name?: unknown; label?: unknown };
  return typeof name === "string" && (label === null || typeof label === "string");
}
