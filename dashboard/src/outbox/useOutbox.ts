import { useSyncExternalStore } from "react";
import { ApiError, type Client } from "visionflow-client";

import { useApi } from "../api/ApiContext";
import { useCaller } from "../auth/useCaller";
import { ownerKey } from "./flag";
import { Outbox, type OutboxOwner, type OutboxView } from "./outbox";
import type { NewRecord } from "./record";

export type { NewRecord, OutboxItem } from "./record";

export interface OutboxActions extends OutboxView {
  /** Keeps a record on this device and sends it when it can; resolves to its own id. */
  add: (record: NewRecord) => Promise<string>;
  label: (deviceId: string, label: string | null) => Promise<void>;
  /** Sends a refused item again. */
  retry: (deviceId: string) => Promise<void>;
  discard: (deviceId: string) => Promise<void>;
  /** Sends no image that waits; the answers go alone. */
  withhold: () => Promise<void>;
  send: () => Promise<void>;
}

const EMPTY: OutboxView = { items: [], waiting: 0, state: "idle", problem: null };
const nothing = () => EMPTY;
const never = () => () => undefined;

/** One for each caller; it goes on sending while another page is open. */
const outboxes = new WeakMap<Client, Map<string, Outbox>>();

function outboxOf(api: Client, owner: OutboxOwner): Outbox {
  const known = outboxes.get(api) ?? new Map<string, Outbox>();
  outboxes.set(api, known);
  const outbox = known.get(owner.key) ?? new Outbox(api, owner);
  if (!known.has(owner.key)) void outbox.start();
  known.set(owner.key, outbox);
  return outbox;
}

/** What the signed-in caller made on this device. Of nobody else anything is seen or sent. */
export function useOutbox(): OutboxActions {
  const api = useApi();
  const caller = useCaller();
  const outbox = caller ? outboxOf(api, { key: ownerKey(api, caller), name: caller.name }) : null;
  const view = useSyncExternalStore(outbox?.subscribe ?? never, outbox?.view ?? nothing);
  const known = () => {
    if (outbox !== null) return Promise.resolve(outbox);
    return Promise.reject(new ApiError("device_caller_unknown", "", { retryable: false }));
  };
  return {
    ...view,
    add: async (record) => (await known()).add(record),
    label: async (deviceId, label) => (await known()).label(deviceId, label),
    retry: async (deviceId) => (await known()).retry(deviceId),
    discard: async (deviceId) => (await known()).discard(deviceId),
    withhold: async () => (await known()).withhold(),
    send: async () => (await known()).send(),
  };
}
