import { useApi } from "../api/ApiContext";
import { useCaller } from "../auth/useCaller";
import { ownerKey } from "./flag";

/** Whose things on this device the page may show and change; null while nobody is known. */
export function useOwner(): string | null {
  const api = useApi();
  const caller = useCaller();
  return caller ? ownerKey(api, caller) : null;
}
