import { useSyncExternalStore } from "react";

/** What may leave this device besides answers, and where it goes. */
export interface Consent {
  /** Whether images are sent. */
  send: boolean;
  /** Beside the history; `null` for the history alone. */
  dataset: { name: string; label: string | null } | null;
}

const STORAGE_KEY = "visionflow.device.consent";
const NONE: Consent = { send: false, dataset: null };

let read: { text: string | null; consent: Consent } = { text: null, consent: NONE };
const listeners = new Set<() => void>();

/** What was agreed to on this device; nothing until somebody has. */
export function consented(): Consent {
  const text = localStorage.getItem(STORAGE_KEY);
  if (text !== read.text) read = { text, consent: parse(text) };
  return text === null ? NONE : read.consent;
}

export function consentTo(consent: Consent): void {
  localStorage.setItem(STORAGE_KEY, JSON.stringify(consent));
  for (const listener of listeners) listener();
}

export function useConsent(): Consent {
  return useSyncExternalStore(subscribe, consented);
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
  let found: unknown;
  try {
    found = JSON.parse(text ?? "null");
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
