import { useEffect, useMemo, useSyncExternalStore } from "react";

import { useApi } from "../../api/ApiContext";
import { countFacts, type Counts } from "./filter";
import { Workbench } from "./workbench";

export interface Facts {
  bench: Workbench;
  /** Differs when anything of the facts does. */
  revision: number;
  /** Null until all of them have been read once: what is not known yet is not nothing. */
  counts: Counts | null;
}

/** The facts of a dataset, read when it is opened and anew while images are being looked at. */
export function useWorkbench(name: string): Facts {
  const api = useApi();
  const bench = useMemo(() => new Workbench(api, name), [api, name]);
  const revision = useSyncExternalStore(bench.subscribe, bench.revision);
  const { counts } = useMemo(
    () => ({ revision, counts: bench.complete ? countFacts(bench.table) : null }),
    [bench, revision],
  );
  useEffect(() => {
    void bench.load();
  }, [bench]);

  const isPending = counts !== null && counts.pending > 0;
  useEffect(() => {
    if (!isPending) return;
    const timer = setInterval(() => void bench.load(), bench.reloadMs);
    return () => {
      clearInterval(timer);
    };
  }, [bench, isPending]);
  return { bench, revision, counts };
}
