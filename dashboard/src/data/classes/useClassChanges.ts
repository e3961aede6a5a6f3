import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { DatasetClassChange, DatasetDetails } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import type { Workbench } from "../facts/workbench";

/** Changes classes one after the other; what was done before one was refused stays. */
export function useClassChanges(name: string, bench: Workbench, onSuccess: () => void) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (wanted: readonly DatasetClassChange[]) => {
      for (const change of wanted) {
        const dataset = await api.changeClass(name, change);
        queries.setQueryData<DatasetDetails>(
          ["dataset", name],
          (known) => known && { ...known, dataset },
        );
      }
    },
    onSuccess,
    onSettled: (_data, _error, wanted) => {
      void queries.invalidateQueries({ queryKey: ["datasets"] });
      if (wanted.every(({ action }) => action === "add" || action === "describe")) return;
      bench.forget();
      void bench.load();
    },
  });
}
