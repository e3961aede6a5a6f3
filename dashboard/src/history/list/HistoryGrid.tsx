import { useLayoutEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { shortDateTime } from "../../i18n/format";
import type { Feed } from "../../records/feed/useFeed";
import { RecordTile } from "../../records/record/RecordTile";
import { SelectBox } from "../select/SelectBox";
import type { Selection } from "../select/useSelection";
import css from "./HistoryGrid.module.css";
import { useWindowRows } from "./useWindowRows";

interface HistoryGridProps {
  feed: Feed;
  selection: Selection;
  onOpen: (id: string) => void;
}

const PLACEHOLDERS = 18;
const TILE_WIDTH = 170;
const GAP = 12;
/** Pixels of a tile below its square image. */
const CAPTION = 74;

/** The images in a grid, as many per row as fit. */
export function HistoryGrid({ feed, selection, onOpen }: HistoryGridProps) {
  const language = useLanguage();
  const { rows } = feed;
  const [width, setWidth] = useState(0);
  const lanes = Math.max(2, Math.floor((width + GAP) / (TILE_WIDTH + GAP)));
  const tile = (width - (lanes - 1) * GAP) / lanes;
  const {
    list,
    rows: shown,
    height,
    top,
  } = useWindowRows({
    count: Math.ceil(rows.length / lanes),
    rowHeight: Math.round(tile + CAPTION + GAP),
    keyOf: (line) => `${lanes}-${rows[line * lanes]?.id ?? line}`,
    feed,
  });
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) return;
    const measure = () => {
      setWidth(element.clientWidth);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, [list]);

  return (
    <div className={css.frame}>
      <ul ref={list} className={css.grid} style={{ height: height }} data-testid="history-grid">
        {shown.flatMap(({ index: line, start }) =>
          rows.slice(line * lanes, (line + 1) * lanes).map((row, lane) => (
            <li
              key={row.id}
              className={css.tile}
              style={{
                width: tile,
                height: tile + CAPTION,
                transform: `translate(${lane * (tile + GAP)}px, ${start - top}px)`,
              }}
              data-testid="history-row"
              data-id={row.id}
              data-status={row.status}
              data-selected={selection.ids.has(row.id)}
            >
              <span className={css.select}>
                <SelectBox
                  row={row}
                  isSelected={selection.ids.has(row.id)}
                  onSelect={selection.toggle}
                />
              </span>
              <RecordTile
                row={row}
                time={shortDateTime(row.created_at, language)}
                onOpen={onOpen}
              />
            </li>
          )),
        )}
      </ul>
    </div>
  );
}

/** Placeholders of the same size, so that nothing moves when the tiles arrive. */
export function HistoryGridSkeleton() {
  const { t } = useTranslation();
  return (
    <div className={css.frame} role="status" aria-label={t("app.loading")}>
      <div className={css.placeholders}>
        {Array.from({ length: PLACEHOLDERS }, (_, index) => (
          <div key={index} className={`skeleton ${css.placeholder}`} />
        ))}
      </div>
    </div>
  );
}
