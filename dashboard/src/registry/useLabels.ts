import { useHealth } from "./useHealth";

/** The labels of the model in service and `others`, sorted in the user's language. */
export function useLabels(others: Iterable<string | null | undefined> = []): string[] {
  const health = useHealth();
  const labels = new Set(health.data?.labels);
  for (const label of others) if (label) labels.add(label);
  return [...labels].sort((a, b) => a.localeCompare(b));
}
