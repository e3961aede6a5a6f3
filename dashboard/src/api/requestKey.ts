/**
 * What makes the same request count once however often it is sent: 128 random bits in hex. Not
 * `randomUUID`, which needs https except on localhost.
 */
export function requestKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
