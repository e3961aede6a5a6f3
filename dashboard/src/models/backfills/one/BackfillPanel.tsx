import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Backfill } from "visionflow-client";

import { useApi } from "../../../api/ApiContext";
import { useLanguage } from "../../../i18n";
import { codeText } from "../../../i18n/backfills/texts";
import { dateTime, decimal, moment, money, whole } from "../../../i18n/format";
import { Missing } from "../../../ui/notice/Missing";
import { Problem } from "../../../ui/notice/Problem";
import { ServerText } from "../../../ui/notice/ServerText";
import { ProgressBar } from "../list/ProgressBar";
import { StateChip } from "../list/StateChip";
import { isAtWork } from "../list/useBackfills";
import { Versions } from "../list/Versions";
import { Actions } from "./Actions";
import css from "./BackfillPanel.module.css";
import { Compared } from "./Compared";
import { Counts } from "./Counts";
import { History } from "./History";
import { Results } from "./Results";

const EVERY_MS = 3_000;

/** One backfill: how far it is, what can be done with it, and where its results are. */
export function BackfillPanel({ id }: { id: string }) {
  const { t } = useTranslation();
  const api = useApi();
  const backfill = useQuery({
    queryKey: ["backfill", id],
    queryFn: ({ signal }) => api.backfill(id, signal),
    refetchInterval: ({ state: { data } }) => (data && isAtWork(data) ? EVERY_MS : false),
  });
  return (
    <section className="card panel" aria-label={t("backfills.one")} data-testid="backfill">
      {backfill.data ? (
        <>
          {backfill.error && <Problem error={backfill.error} />}
          <BackfillView backfill={backfill.data} />
        </>
      ) : backfill.error ? (
        <Missing
          error={backfill.error}
          route="GET /backfills/{id}"
          onRetry={() => void backfill.refetch()}
        />
      ) : (
        <div className={`skeleton ${css.waiting}`} role="status" aria-label={t("app.loading")} />
      )}
    </section>
  );
}

function BackfillView({ backfill }: { backfill: Backfill }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { reason, results } = backfill;
  return (
    <>
      <div className="panel-heading">
        <div className="row">
          <h2>{backfill.source}</h2>
          <StateChip state={backfill.state} />
        </div>
        <Actions backfill={backfill} />
      </div>
      {reason !== null && (
        <p data-testid="backfill-reason">
          <strong>{codeText(t, language, reason.code)}</strong>
          {reason.message !== "" && (
            <>
              {" · "}
              <ServerText text={reason.message} />
            </>
          )}
        </p>
      )}
      {backfill.compares && backfill.state === "done" && (
        <p>
          <Link
            to={`/models/backfills/${encodeURIComponent(backfill.id)}/comparison`}
            className="button"
            data-testid="open-comparison"
          >
            {t("models.openComparison")}
          </Link>
        </p>
      )}
      <ProgressBar backfill={backfill} />
      <Facts backfill={backfill} />
      <Counts progress={backfill.progress} />
      {backfill.ended_at !== null && <Compared backfill={backfill} />}
      {results !== null && <Results results={results} />}
      <History events={backfill.history} />
    </>
  );
}

function Facts({ backfill }: { backfill: Backfill }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { progress, estimate } = backfill;
  const usd = (amount: number) => money(amount, "USD", language);
  const rows: [string, ReactNode][] = [
    [
      t("backfills.speed"),
      progress.images_per_second === null ? null : decimal(progress.images_per_second, language),
    ],
    [
      t("backfills.end"),
      progress.expected_end !== null && isAtWork(backfill)
        ? moment(Date.parse(progress.expected_end), language)
        : null,
    ],
    [
      t("backfills.spent"),
      t("backfills.spentOf", {
        spent: usd(progress.spent_usd),
        expected: usd((isAtWork(backfill) ? progress.expected_usd : null) ?? estimate.usd),
      }),
    ],
    [t("backfills.budget"), backfill.max_usd === null ? null : usd(backfill.max_usd)],
    [t("backfills.versions"), <Versions key="versions" models={backfill.models} />],
    [t("backfills.into"), t(`backfills.intoNames.${backfill.into}`)],
    [t("backfills.sample"), backfill.sample === null ? null : whole(backfill.sample, language)],
    [t("backfills.concurrency"), whole(backfill.concurrency, language)],
    [
      t("backfills.chunks"),
      t("backfills.doneOf", {
        done: whole(progress.chunks_done, language),
        all: whole(progress.chunks, language),
      }),
    ],
    [t("backfills.role"), backfill.role],
    [t("backfills.started"), dateTime(backfill.created_at, language)],
    [t("backfills.startedBy"), backfill.started_by],
    [
      t("backfills.ended"),
      backfill.ended_at === null ? null : dateTime(backfill.ended_at, language),
    ],
  ];
  return (
    <dl className="facts" data-testid="backfill-facts">
      {rows.map(([name, value]) => value !== null && <Fact key={name} name={name} value={value} />)}
    </dl>
  );
}

function Fact({ name, value }: { name: string; value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
