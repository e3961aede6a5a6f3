import { useTranslation } from "react-i18next";

import type { Feed } from "../../records/feed/useFeed";
import { useMediaQuery } from "../../theme/useMediaQuery";
import type { Selection } from "../select/useSelection";
import css from "./HistoryList.module.css";
import { HistoryRow } from "./HistoryRow";
import { useWindowRows } from "./useWindowRows";

interface HistoryListProps {
  feed: Feed;
  selection: Selection;
  onOpen: (id: string) => void;
}

const PLACEHOLDERS = 20;
/** Pixels, as `HistoryList.module.css` has them. */
const ROW_HEIGHT = { wide: 72, narrow: 88 };

export function HistoryList({ feed, selection, onOpen }: HistoryListProps) {
  const narrow = useMediaQuery("(width < 60rem)");
  const { rows } = feed;
  const {
    list,
    rows: shown,
    height,
    top,
  } = useWindowRows({
    count: rows.length,
    rowHeight: narrow ? ROW_HEIGHT.narrow : ROW_HEIGHT.wide,
    keyOf: (row) => rows[row]?.id ?? String(row),
    feed,
  });
  return (
    <>
      <Columns />
      <ul ref={list} className={css.list} style={{ height: height }} data-testid="history-list">
        {shown.map(({ key, index, start }) => {
          const row = rows[index];
          return (
            row && (
              <HistoryRow
                key={key}
                row={row}
                offset={start - top}
                position={index + 1}
                isSelected={selection.ids.has(row.id)}
                onSelect={selection.toggle}
                onOpen={onOpen}
              />
            )
          );
        })}
      </ul>
    </>
  );
}

/** Placeholders of the same height, so that nothing moves when the rows arrive. */
export function HistoryListSkeleton() {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t("app.loading")} data-testid="history-loading">
      <Columns />
      {Array.from({ length: PLACEHOLDERS }, (_, index) => (
        <div key={index} className={css.placeholder}>
          <span className={`skeleton ${css.placeholderImage}`} />
          <span className={`skeleton ${css.placeholderText}`} />
        </div>
      ))}
    </div>
  );
}

/** Names for the columns; each row says its own to screen readers. */
function Columns() {
  const { t } = useTranslation();
  return (
    <div className={`${css.grid} ${css.columns}`} aria-hidden>
      <span>{t("history.image")}</span>
      <span>{t("history.result")}</span>
      <span>{t("history.status")}</span>
      <span>{t("history.model")}</span>
      <span>{t("history.source")}</span>
      <span>{t("history.time")}</span>
    </div>
  );
}
