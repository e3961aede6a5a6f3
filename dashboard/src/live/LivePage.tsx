import { useQuery } from "@tanstack/react-query";
import {
  lazy,
  Suspense,
  useDeferredValue,
  useEffect,
  useEffectEvent,
  useMemo,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { COSTS } from "../access/useBudgetStop";
import { useApi } from "../api/ApiContext";
import { useLanguage } from "../i18n";
import { decimal, milliseconds, money, percent } from "../i18n/format";
import { clockOffset } from "../i18n/offset";
import { LiveStatus } from "../records/feed/LiveStatus";
import { type Feed, useFeed } from "../records/feed/useFeed";
import { useNeighbours } from "../records/record/steps/useNeighbours";
import { useOverlay } from "../ui/dialog/useOverlay";
import { ImageIcon } from "../ui/icons";
import { Notice } from "../ui/notice/Notice";
import { Tile } from "../ui/Tile";
import { Arrivals } from "./Arrivals";
import { LabelMix } from "./LabelMix";
import css from "./LivePage.module.css";
import { LiveTabs } from "./LiveTabs";
import { liveNumbers, SAMPLE } from "./numbers";
import { Stream } from "./Stream";
import { Today } from "./Today";

// Not needed to paint the page.
const RecordDialog = lazy(() => import("../records/record/RecordDialog"));

const COSTS_EVERY_MS = 60_000;
const TICK_MS = 1_000;

export default function LivePage() {
  const { t } = useTranslation();
  const language = useLanguage();
  const record = useOverlay("record");
  const feed = useFeed(ALL);
  const now = useNow();
  useEnough(feed);
  const neighbours = useNeighbours(feed, record.value, record.replace);
  const { rows, isLoading } = useUnhurried(feed);
  const numbers = liveNumbers(rows, now, !feed.hasOlder);
  const share = (value: number | null) => (value === null ? null : percent(value, language));
  const time = (value: number | null) => (value === null ? null : milliseconds(value, language));
  const latest = isLoading ? "" : t("live.lastN", { n: numbers.sample });

  return (
    <>
      <title>{`${t("app.live")} · VisionFlow`}</title>
      <div className="page-heading">
        <div>
          <h1>{t("live.title")}</h1>
          <p className="muted">{t("live.intro")}</p>
        </div>
        <LiveStatus error={feed.error} updatedAt={feed.updatedAt} />
      </div>
      <LiveTabs />
      <div className="stack">
        <section className={css.tiles} aria-label={t("live.numbers")}>
          <Tile
            name={t("live.rate")}
            value={isLoading ? null : decimal(numbers.perMinute, language)}
            note={t("live.rateNote")}
            testId="live-rate"
          />
          <Tile
            name="p50"
            value={time(numbers.p50)}
            note={t("live.latencyNote")}
            testId="live-p50"
          />
          <Tile
            name="p95"
            value={time(numbers.p95)}
            note={t("live.latencyNote")}
            testId="live-p95"
          />
          <Tile
            name={t("status.unknown")}
            value={share(numbers.unknown)}
            note={latest}
            tone={numbers.unknown ? "unsure" : undefined}
            testId="live-unknown"
          />
          <Tile
            name={t("status.failed")}
            value={share(numbers.failed)}
            note={latest}
            tone={numbers.failed ? "bad" : undefined}
            testId="live-failed"
          />
          <CostTiles />
        </section>
        <div className={css.columns}>
          <section className="card panel" aria-labelledby="stream-title">
            <div className="panel-heading">
              <h2 id="stream-title">{t("live.stream")}</h2>
              <Link to="/history">{t("live.allRecords")}</Link>
            </div>
            {!isLoading && rows.length === 0 ? (
              <Notice icon={<ImageIcon />} title={t("history.emptyTitle")} testId="live-empty">
                <p>{t("history.emptyText")}</p>
                <Link to="/predict" className="button primary">
                  {t("history.emptyAction")}
                </Link>
              </Notice>
            ) : (
              <Stream rows={rows} isLoading={isLoading} onOpen={record.open} />
            )}
          </section>
          <div className={css.side}>
            <Arrivals arrivals={numbers.arrivals} isLoading={isLoading} />
            <Today />
            {/* Last, because it grows: nothing below it can jump. */}
            <LabelMix rows={rows} sample={numbers.sample} isLoading={isLoading} />
          </div>
        </div>
      </div>
      {record.value !== null && (
        <Suspense fallback={null}>
          <RecordDialog id={record.value} list={neighbours} onClose={record.close} />
        </Suspense>
      )}
    </>
  );
}

const ALL = {};

/** Loads pages until the sample of the numbers is complete. */
function useEnough(feed: Feed): void {
  const { rows, hasOlder, isLoadingOlder, olderError } = feed;
  const wanted = rows.length < SAMPLE && hasOlder && !isLoadingOlder && olderError === null;
  const loadOlder = useEffectEvent(() => {
    feed.loadOlder();
  });
  useEffect(() => {
    if (wanted) loadOlder();
  }, [wanted]);
}

/**
 * The rendered part of the feed. Rendering the first fifty records at once would block a slow
 * processor; deferred, they render in slices.
 */
function useUnhurried({ rows, isLoading }: Feed): Pick<Feed, "rows" | "isLoading"> {
  return useDeferredValue(useMemo(() => ({ rows, isLoading }), [rows, isLoading]));
}

/** The deployment's cost since midnight, and the cost of a thousand images. */
function CostTiles() {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const costs = useQuery({
    queryKey: COSTS,
    queryFn: ({ signal }) => api.costs(clockOffset(), signal),
    refetchInterval: COSTS_EVERY_MS,
  });
  const amount = (value: number | undefined) =>
    value === undefined ? null : money(value, costs.data?.currency ?? "USD", language);
  const note = costs.error ? t("live.costMissing") : t("live.costNote");
  return (
    <>
      <Tile
        name={t("live.costToday")}
        value={costs.error ? "–" : amount(costs.data?.today)}
        note={note}
        testId="live-cost-today"
      />
      <Tile
        name={t("live.cost1000")}
        value={costs.error ? "–" : amount(costs.data?.per_1000)}
        note={note}
        testId="live-cost-1000"
      />
    </>
  );
}

/** The current time, updated each second while the tab is visible. */
function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") setNow(Date.now());
    }, TICK_MS);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return now;
}
