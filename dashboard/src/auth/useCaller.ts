import { useEffect, useMemo } from "react";

import { useMe } from "../access/useMe";
import { type LastCaller, lastCaller, rememberCaller } from "./lastCaller";
import { useSession } from "./session";

/**
 * Who calls: as the API says it, or else as it said when the same person was here last. Undefined
 * while neither is known.
 */
export function useCaller(): LastCaller["me"] | undefined {
  const { subject = null, email = null } = useSession() ?? {};
  const { id, name } = useMe() ?? {};
  useEffect(() => {
    if (id === undefined || name === undefined) return;
    rememberCaller({ subject, email, me: { id, name } });
  }, [subject, email, id, name]);
  return useMemo(() => {
    if (id !== undefined && name !== undefined) return { id, name };
    const last = lastCaller();
    return last?.subject === subject ? last.me : undefined;
  }, [subject, id, name]);
}
