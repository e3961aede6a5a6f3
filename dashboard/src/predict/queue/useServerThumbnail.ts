import { useRecordThumbnail } from "../../records/thumbnail/useRecordThumbnail";
import type { Item } from "./queue";

/** The address of the thumbnail that the API made of an image; asked for once it is `wanted`. */
export function useServerThumbnail({ outcome }: Item, wanted: boolean): string | null {
  const prediction = outcome?.prediction;
  const found = useRecordThumbnail(
    prediction ?? { id: "", status: "failed" },
    wanted && prediction !== undefined,
  );
  return wanted ? found : null;
}
