import { useEffect } from "react";

/** Keeps the screen on while `active`, where the device can; a hidden tab loses it by itself. */
export function useWakeLock(active: boolean): void {
  useEffect(() => {
    if (!active || !("wakeLock" in navigator)) return;
    let wanted = true;
    let lock: WakeLockSentinel | null = null;
    navigator.wakeLock.request("screen").then(
      (granted) => {
        if (wanted) lock = granted;
        else void granted.release();
      },
      () => undefined, // refused with a low battery: the camera works without
    );
    return () => {
      wanted = false;
      void lock?.release();
    };
  }, [active]);
}
