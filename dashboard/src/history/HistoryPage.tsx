import { useTranslation } from "react-i18next";

import { EmptyHistory } from "./EmptyHistory";
import { FilterBar } from "./FilterBar";
import { HistoryList, HistoryListSkeleton } from "./HistoryList";
import css from "./HistoryPage.module.css";
import { LiveStatus } from "./LiveStatus";
import { OlderBar } from "./OlderBar";
import { RecordDialog } from "./RecordDialog";
import { useHistoryFeed } from "./useHistoryFeed";
import { useHistoryParams } from "./useHistoryParams";

export function HistoryPage() {
  const { t } = useTranslation();
  const { filters, setFilters, recordId, openRecord, closeRecord } = useHistoryParams();
  const feed = useHistoryFeed(filters);
  const filtered = filters.label !== undefined || filters.status !== undefined;

  return (
    <>
      <title>{`${t("app.history")} · VisionFlow`}</title>
      <div className={css.heading}>
        <div>
          <h1>{t("history.title")}</h1>
          <p className="muted">{t("history.intro")}</p>
        </div>
        <LiveStatus error={feed.error} updatedAt={feed.updatedAt} />
      </div>
      <section className={`card ${css.card}`} aria-label={t("history.title")}>
        <FilterBar filters={filters} onChange={setFilters} rows={feed.rows} />
        {feed.isLoading ? (
          <HistoryListSkeleton />
        ) : feed.rows.length === 0 && !feed.hasOlder ? (
          <EmptyHistory filtered={filtered} />
        ) : (
          <HistoryList rows={feed.rows} onOpen={openRecord} />
        )}
        <OlderBar feed={feed} />
      </section>
      {recordId !== null && <RecordDialog key={recordId} id={recordId} onClose={closeRecord} />}
    </>
  );
}
