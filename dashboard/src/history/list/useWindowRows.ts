import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from "react";

import type { Feed } from "../../records/feed/useFeed";

interface WindowRows {
  /** Rows of the list: records, or lines of the grid. */
  count: number;
  /** Pixels; every row is exactly this high, so nothing has to be measured. */
  rowHeight: number;
  keyOf: (row: number) => string;
  feed: Feed;
}

/** The next page loads this many rows before the end. */
const AHEAD = 12;

/**
 * Only the rows near the window are in the document, whatever the length of the list, which
 * scrolls with the page. Older pages load before the end is reached.
 */
export function useWindowRows({ count, rowHeight, keyOf, feed }: WindowRows) {
  const list = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    setTop((list.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
  }, []);

  const virtualizer = useWindowVirtualizer({
    count,
    estimateSize: () => rowHeight,
    getItemKey: keyOf,
    overscan: 8,
    scrollMargin: top,
  });
  useEffect(() => {
    virtualizer.measure();
  }, [virtualizer, rowHeight]);

  const rows = virtualizer.getVirtualItems();
  const nearEnd = (rows.at(-1)?.index ?? 0) >= count - AHEAD;
  const { hasOlder, isLoadingOlder, olderError, isSparse } = feed;
  const more = hasOlder && !isLoadingOlder && olderError === null && !isSparse;
  const loadOlder = useEffectEvent(() => {
    feed.loadOlder();
  });
  useEffect(() => {
    if (nearEnd && more) loadOlder();
  }, [nearEnd, more, count]);

  return { list, rows, height: virtualizer.getTotalSize(), top };
}
