/** Minutes that the viewer's clocks are ahead of UTC. */
export function clockOffset(now = new Date()): number {
  return -now.getTimezoneOffset();
}

/** Minutes as "UTC+09:00". */
export function offsetName(minutes: number): string {
  const sign = minutes < 0 ? "−" : "+";
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return minutes === 0
    ? "UTC"
    : `UTC${sign}${String(hours).padStart(2, "0")}:${String(rest).padStart(2, "0")}`;
}
