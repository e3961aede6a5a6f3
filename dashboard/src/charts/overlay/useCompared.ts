import { useSearchParams } from "react-router";

import { MOST_SERIES } from "../style";

const PARAM = "compare";

/** The ids whose curves are compared, kept in the address. */
export function useCompared() {
  const [params, setParams] = useSearchParams();
  const ids = (params.get(PARAM) ?? "").split(",").filter(Boolean).slice(0, MOST_SERIES);
  const set = (next: readonly string[]) => {
    setParams(
      (before) => {
        if (next.length === 0) before.delete(PARAM);
        else before.set(PARAM, next.join(","));
        return before;
      },
      { replace: true },
    );
  };
  return {
    ids,
    full: ids.length >= MOST_SERIES,
    choose: (id: string, chosen: boolean) => {
      set(chosen ? [...ids.filter((known) => known !== id), id] : ids.filter((i) => i !== id));
    },
    clear: () => {
      set([]);
    },
  };
}

export type Compared = ReturnType<typeof useCompared>;
