import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";

import { LiveStatus } from "../records/feed/LiveStatus";
import { useFeed } from "../records/feed/useFeed";
import { useNeighbours } from "../records/record/steps/useNeighbours";
import { useMediaQuery } from "../theme/useMediaQuery";
import { useOverlay } from "../ui/dialog/useOverlay";
import { EmptyHistory } from "./EmptyHistory";
import { ExportMenu } from "./export/ExportMenu";
import { FilterBar } from "./FilterBar";
import css from "./HistoryPage.module.css";
import { HistoryGrid, HistoryGridSkeleton } from "./list/HistoryGrid";
import { HistoryList, HistoryListSkeleton } from "./list/HistoryList";
import { OlderBar } from "./list/OlderBar";
import { useSelection } from "./select/useSelection";
import { filterEntries, useHistoryParams } from "./useHistoryParams";
import { ViewSwitch } from "./ViewSwitch";

// Most visits only look.
const BatchBar = lazy(() => import("./select/BatchBar"));
const RecordDialog = lazy(() => import("../records/record/RecordDialog"));

export default function HistoryPage() {
  const { t } = useTranslation();
  const { filters, setFilters, view, setView } = useHistoryParams();
  const record = useOverlay("record");
  const feed = useFeed(filters);
  const neighbours = useNeighbours(feed, record.value, record.replace);
  const list = JSON.stringify(filters);
  const selection = useSelection(feed.rows, list);
  const narrow = useMediaQuery("(width < 46rem)");
  const active = filterEntries(filters).length;
  const [List, Skeleton] =
    view === "grid" ? [HistoryGrid, HistoryGridSkeleton] : [HistoryList, HistoryListSkeleton];
  const filterBar = <FilterBar filters={filters} onChange={setFilters} rows={feed.rows} />;

  return (
    <>
      <title>{`${t("app.history")} · VisionFlow`}</title>
      <div className="page-heading">
        <div>
          <h1>{t("history.title")}</h1>
          <p className="muted">{t("history.intro")}</p>
        </div>
        <LiveStatus error={feed.error} updatedAt={feed.updatedAt} />
      </div>
      <section className={`card ${css.card}`} aria-label={t("history.title")}>
        <div className={css.tools}>
          {narrow ? (
            <details className={css.filters} open={active > 0 || undefined}>
              <summary>{t("history.filters", { count: active })}</summary>
              {filterBar}
            </details>
          ) : (
            filterBar
          )}
          <div className={css.actions}>
            <ViewSwitch view={view} onChange={setView} />
            <ExportMenu filters={filters} />
          </div>
        </div>
        {feed.isLoading ? (
          <Skeleton />
        ) : feed.rows.length === 0 && !feed.hasOlder ? (
          <EmptyHistory filtered={active > 0} />
        ) : (
          <List key={list} feed={feed} selection={selection} onOpen={record.open} />
        )}
        <OlderBar feed={feed} />
        {selection.isUsed && (
          <Suspense fallback={null}>
            <BatchBar key={list} selection={selection} />
          </Suspense>
        )}
      </section>
      {record.value !== null && (
        <Suspense fallback={null}>
          <RecordDialog id={record.value} list={neighbours} onClose={record.close} />
        </Suspense>
      )}
    </>
  );
}
