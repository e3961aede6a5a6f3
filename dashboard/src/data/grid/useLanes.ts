import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";

const TILE = 132;
const GAP = 8;
/** Pixels of a tile below its square image. */
const CAPTION = 44;
/** What sticks to the top and the bottom of the window. */
const PADDING = 190;

/** A grid of `count` tiles of which only those near the window are in the document. */
export function useLanes(count: number) {
  const list = useRef<HTMLDivElement>(null);
  const [{ width, top }, setPlace] = useState({ width: 0, top: 0 });
  useLayoutEffect(() => {
    const measure = () => {
      const element = list.current;
      if (element === null) return;
      const next = {
        width: element.clientWidth,
        top: Math.round(element.getBoundingClientRect().top + window.scrollY),
      };
      setPlace((known) => (known.width === next.width && known.top === next.top ? known : next));
    };
    measure();
    // What stands above the grid grows and shrinks, too.
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    if (list.current) observer.observe(list.current);
    return () => {
      observer.disconnect();
    };
  }, []);

  const lanes = Math.max(2, Math.floor((width + GAP) / (TILE + GAP)));
  const tile = Math.max((width - (lanes - 1) * GAP) / lanes, 0);
  const height = Math.round(tile + CAPTION + GAP);
  const virtualizer = useWindowVirtualizer({
    count: Math.ceil(count / lanes),
    estimateSize: () => height,
    overscan: 4,
    scrollMargin: top,
    scrollPaddingStart: PADDING,
    scrollPaddingEnd: PADDING,
  });
  useEffect(() => {
    virtualizer.measure();
  }, [virtualizer, height]);

  const tiles = virtualizer.getVirtualItems().flatMap(({ index: line, start }) =>
    Array.from({ length: Math.min(lanes, count - line * lanes) }, (_, lane) => ({
      at: line * lanes + lane,
      style: {
        width: tile,
        height: height - GAP,
        transform: `translate(${lane * (tile + GAP)}px, ${start - top}px)`,
      },
    })),
  );
  return {
    list,
    lanes,
    tiles,
    height: virtualizer.getTotalSize(),
    show: (at: number) => {
      virtualizer.scrollToIndex(Math.floor(at / lanes));
    },
  };
}
