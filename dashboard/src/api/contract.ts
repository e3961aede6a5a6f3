/**
 * The bodies of routes that `schema.d.ts` does not describe yet. An entry leaves this file when the
 * generated description has it.
 */

export interface Costs {
  currency: string;
  today: number;
  per_1000: number;
  assumptions: Record<string, unknown>;
}
