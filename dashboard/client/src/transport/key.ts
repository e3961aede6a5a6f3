/** A request that has it does the same once or twice. */
export const KEY_HEADER = "Idempotency-Key";

/** 128 random bits in hex. Not `randomUUID`, which needs https except on localhost. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
