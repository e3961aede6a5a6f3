import { type ComponentType, useEffect, useState } from "react";

import { useWaiting } from "../outbox/useWaiting";

/** The first paint has its requests and its code first. */
const AFTER_PAINT_MS = 1_000;

/**
 * Sends what waits on this device, on every page. Its code loads where something waits, after the
 * first paint.
 */
export function Outbox() {
  const isWanted = useWaiting() > 0;
  const [Sending, setSending] = useState<ComponentType | null>(null);
  useEffect(() => {
    if (!isWanted || Sending !== null) return undefined;
    const load = () => {
      void import("../outbox/OutboxBanner").then(
        (module) => {
          setSending(() => module.default);
        },
        () => undefined, // without a network, and not kept: nothing could be sent either
      );
    };
    const timer = setTimeout(load, AFTER_PAINT_MS);
    window.addEventListener("online", load);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("online", load);
    };
  }, [isWanted, Sending]);
  return Sending && <Sending />;
}
