import { useQuery } from "@tanstack/react-query";
import type { LogEntry } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { recordThumbnails } from "./thumbnails";

/** Less than the life of a URL, so that one that is taken from here still opens. */
const KEPT_MS = 600_000;

/**
 * The address of a record's thumbnail; null where there is none, or while it is made: the first who
 * looks has it made. Nothing is asked for unless it is `wanted`.
 */
export function useRecordThumbnail(
  {
    id,
    status,
    image,
    thumbnail_url: known = null,
  }: Pick<LogEntry, "id" | "status"> & Partial<Pick<LogEntry, "image" | "thumbnail_url">>,
  wanted = true,
): string | null {
  const api = useApi();
  const made = useQuery({
    queryKey: ["record-thumbnail", id],
    queryFn: ({ signal }) => recordThumbnails(api).of(id, signal),
    enabled: wanted && known === null && status !== "failed" && image?.key !== null,
    staleTime: KEPT_MS,
    gcTime: KEPT_MS,
  });
  return known ?? made.data ?? null;
}
