import { useQuery } from "@tanstack/react-query";

import { useApi } from "../../api/ApiContext";
import type { Item } from "./queue";

/** The address of the thumbnail that the API made of an image; asked for once it is `wanted`. */
export function useServerThumbnail({ id, outcome }: Item, wanted: boolean): string | null {
  const api = useApi();
  const prediction = outcome?.prediction;
  const known = prediction && "thumbnail_url" in prediction ? prediction.thumbnail_url : null;
  const asked = useQuery({
    queryKey: ["thumbnail", id],
    queryFn: async ({ signal }) =>
      (await api.prediction(prediction?.id ?? "", signal)).thumbnail_url,
    enabled: wanted && known === null && prediction !== undefined,
    staleTime: Infinity, // it expires, but is loaded by then
  });
  return wanted ? (known ?? asked.data ?? null) : null;
}
