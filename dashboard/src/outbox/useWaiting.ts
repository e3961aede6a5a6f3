import { useSyncExternalStore } from "react";

import { subscribeWaiting, waitingOf } from "./flag";
import { useOwner } from "./useOwner";

/** How many records of the signed-in caller wait on this device, without opening its database. */
export function useWaiting(): number {
  const owner = useOwner();
  return useSyncExternalStore(subscribeWaiting, () => (owner === null ? 0 : waitingOf(owner)));
}
