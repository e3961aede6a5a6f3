import { useTranslation } from "react-i18next";

import type { LogEntry } from "../api/types";
import css from "./HistoryList.module.css";
import { HistoryRow } from "./HistoryRow";
import { PAGE_SIZE } from "./feed";

interface HistoryListProps {
  rows: readonly LogEntry[];
  onOpen: (id: string) => void;
}

export function HistoryList({ rows, onOpen }: HistoryListProps) {
  return (
    <>
      <Columns />
      <ul className={css.list} data-testid="history-list">
        {rows.map((row) => (
          <HistoryRow key={row.id} row={row} onOpen={onOpen} />
        ))}
      </ul>
    </>
  );
}

/** As many rows as a first page has, so that the page keeps its height when they arrive. */
export function HistoryListSkeleton() {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t("app.loading")} data-testid="history-loading">
      <Columns />
      {Array.from({ length: PAGE_SIZE }, (_, index) => (
        <div key={index} className={css.placeholder}>
          <span className={`skeleton ${css.placeholderPicture}`} />
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
      <span>{t("history.picture")}</span>
      <span>{t("history.result")}</span>
      <span>{t("history.status")}</span>
      <span>{t("history.model")}</span>
      <span>{t("history.source")}</span>
      <span>{t("history.time")}</span>
    </div>
  );
}
