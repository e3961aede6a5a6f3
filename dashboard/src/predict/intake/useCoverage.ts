import { useSearchParams } from "react-router";

export const COVERAGES = [0.9, 0.95, 0.99] as const;
export type Coverage = (typeof COVERAGES)[number];

/** Of the set of labels to ask for, `null` for none; in the address, so that it can be kept. */
export function useCoverage() {
  const [params, setParams] = useSearchParams();
  const coverage = COVERAGES.find((known) => String(known) === params.get("coverage")) ?? null;
  const setCoverage = (next: Coverage | null) => {
    setParams(
      (before) => {
        if (next === null) before.delete("coverage");
        else before.set("coverage", String(next));
        return before;
      },
      { replace: true },
    );
  };
  return [coverage, setCoverage] as const;
}
