import { useQuery } from "@tanstack/react-query";
import { ApiError, type Dataset } from "visionflow-client";

import { useApi } from "../../api/ApiContext";

/** The datasets; none where the deployment knows none. */
export function useDatasets() {
  const api = useApi();
  const { data, error, refetch } = useQuery({
    queryKey: ["datasets"],
    queryFn: ({ signal }) => api.datasets(signal),
    retry: false,
  });
  const unknown = error instanceof ApiError && error.missingRoute;
  const list: readonly Dataset[] | undefined = data ?? (unknown ? [] : undefined);
  return { list, error: list ? null : error, reload: () => void refetch() };
}

/** What is chosen to train on: images per class, as far as they are counted. */
export interface Counted {
  classes: Record<string, number>;
  images: number;
  complete: boolean;
}

/** The counts of a dataset at its last comparison; `undefined` before. */
export function useCounts(name: string): Counted | undefined {
  const api = useApi();
  const { data } = useQuery({
    queryKey: ["dataset", name],
    queryFn: ({ signal }) => api.dataset(name, signal),
    enabled: name !== "",
  });
  if (!data?.health) return undefined;
  const { classes, labelled } = data.health;
  return {
    classes: Object.fromEntries(classes.map((one) => [one.name, one.images])),
    images: labelled,
    complete: true,
  };
}

/** The versions of a dataset, newest first. */
export function useVersions(name: string) {
  const api = useApi();
  const { data } = useQuery({
    queryKey: ["versions", name],
    queryFn: ({ signal }) => api.versions(name, signal),
    enabled: name !== "",
  });
  return data ?? [];
}
