import { useState } from "react";
import type { LogEntry } from "visionflow-client";

import { useRecordThumbnail } from "./useRecordThumbnail";

/**
 * What shows a record's image: the `original`, or its thumbnail where that is no longer kept (null),
 * not known yet, or nothing that the browser can show. `source` is null where there is neither.
 *
 * Whoever opens a record has looked at it, so its thumbnail is made now: the original goes first.
 */
export function useRecordImage(row: LogEntry, original: string | null | undefined) {
  const [broken, setBroken] = useState<readonly string[]>([]);
  const thumbnail = useRecordThumbnail(row, original !== null);
  const works = (url: string | null | undefined): url is string =>
    typeof url === "string" && !broken.includes(url);
  const source = [original, thumbnail].find(works) ?? null;
  const onError = () => {
    if (source !== null) setBroken((before) => [...before, source]);
  };
  return { source, onError };
}
