import { useSyncExternalStore } from "react";

import { useApi } from "../api/ApiContext";
import { useCaller } from "../auth/useCaller";
import { ownerKey, subscribeWaiting, waitingOf } from "./flag";

/** How many records of the signed-in caller wait on this device, without opening its database. */
export function useWaiting(): number {
  const api = useApi();
  const caller = useCaller();
  return useSyncExternalStore(subscribeWaiting, () =>
    caller ? waitingOf(ownerKey(api, caller)) : 0,
  );
}
