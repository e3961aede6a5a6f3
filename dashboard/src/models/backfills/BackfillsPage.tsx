import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { useMay, useMe } from "../../access/useMe";
import { addBackfillTexts } from "../../i18n/backfills/texts";
import { useModels } from "../../registry/useModels";
import { Missing } from "../../ui/notice/Missing";
import { MissingScope } from "../../ui/notice/MissingScope";
import { PageSkeleton } from "../../ui/notice/PageSkeleton";
import { ModelTabs } from "../ModelTabs";
import css from "./BackfillsPage.module.css";
import { BackfillForm } from "./form/BackfillForm";
import { BackfillsTable } from "./list/BackfillsTable";
import { isAtWork, useBackfills } from "./list/useBackfills";
import { BackfillPanel } from "./one/BackfillPanel";

/** What a version makes of the images that are in a bucket already. */
export default function BackfillsPage() {
  const { t, i18n } = useTranslation();
  useState(() => {
    addBackfillTexts(i18n);
  });
  const [params, setParams] = useSearchParams();
  const backfills = useBackfills();
  const models = useModels();
  const may = useMay();
  // The one at work stays in view when it ends.
  const [watched, setWatched] = useState<string | null>(null);
  const working = backfills.rows.find(isAtWork)?.id;
  if (watched === null && working !== undefined) setWatched(working);
  const open = params.get("backfill") ?? watched;
  const show = (id: string) => {
    setParams({ backfill: id }, { replace: true });
  };
  return (
    <>
      <title>{`${t("backfills.title")} · VisionFlow`}</title>
      <div className="page-heading">
        <div>
          <h1>{t("backfills.title")}</h1>
          <p className="muted">{t("backfills.intro")}</p>
        </div>
      </div>
      <ModelTabs />
      <div className={css.columns}>
        <div className="stack">
          {open !== null && <BackfillPanel key={open} id={open} />}
          {backfills.error ? (
            <section className="card panel">
              <Missing error={backfills.error} route="GET /backfills" onRetry={backfills.reload} />
            </section>
          ) : (
            <BackfillsTable backfills={backfills} open={open} onOpen={show} />
          )}
        </div>
        {!may("POST /backfills") ? (
          <NotYours />
        ) : models.data ? (
          <BackfillForm
            models={models.data}
            onStarted={(id) => {
              show(id);
              window.scrollTo({ top: 0 }); // the form is long, and the backfill is above it
            }}
          />
        ) : models.error ? (
          <section className="card panel">
            <Missing
              error={models.error}
              route="GET /models"
              onRetry={() => void models.refetch()}
            />
          </section>
        ) : (
          <PageSkeleton />
        )}
      </div>
    </>
  );
}

function NotYours() {
  const { t } = useTranslation();
  if (useMe() === undefined) return <PageSkeleton />;
  return (
    <section className="card panel" data-testid="no-backfills">
      <h2>{t("backfills.start")}</h2>
      <p>{t("backfills.notYours")}</p>
      <MissingScope route="POST /backfills" />
    </section>
  );
}
