import { useEffect, useEffectEvent } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useMay, useMe } from "../access/useMe";
import { useLanguage } from "../i18n";
import { orDash, whole } from "../i18n/format";
import { Missing } from "../ui/notice/Missing";
import { MissingScope } from "../ui/notice/MissingScope";
import { PageSkeleton } from "../ui/notice/PageSkeleton";
import { DatasetTabs } from "./DatasetTabs";
import { useWorkbench } from "./facts/useWorkbench";
import type { Workbench } from "./facts/workbench";
import { useUploads } from "./intake/useUploads";
import { DeleteDataset } from "./list/DeleteDataset";
import { useDataset } from "./useDataset";

/** One dataset: its images, what is wrong with them, its trainings and its versions. */
export default function DatasetView({ name }: { name: string }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const may = useMay();
  const me = useMe();
  const dataset = useDataset(name);
  const facts = useWorkbench(name);
  const { progress } = useUploads(name);
  const canEdit = may("POST /datasets/{name}/changes");
  const details = dataset.data;
  useArrivals(facts.bench, progress.working, dataset.refetch);

  return (
    <>
      <div className="page-heading">
        <div>
          <p className="small">
            <Link to={{ search: "" }} data-testid="all-datasets">
              {t("data.all")}
            </Link>
          </p>
          <h1>{name}</h1>
          <p className="muted" role="status" data-testid="dataset-count">
            {t("data.count", {
              images: orDash(facts.counts?.images, whole, language),
              labelled: orDash(facts.counts?.labelled, whole, language),
              classes: orDash(details?.dataset.classes.length, whole, language),
            })}
          </p>
        </div>
        {may("DELETE /datasets/{name}") && <DeleteDataset name={name} />}
      </div>
      <div className="stack">
        {me && !canEdit && (
          <section className="card panel" data-testid="data-read-only">
            <p>{t("data.readOnly")}</p>
            <MissingScope route="POST /datasets/{name}/changes" />
          </section>
        )}
        {dataset.error && !details ? (
          <Missing
            error={dataset.error}
            route="GET /datasets/{name}"
            onRetry={() => void dataset.refetch()}
          />
        ) : details ? (
          <DatasetTabs
            details={details}
            facts={facts}
            sending={progress.working}
            canEdit={canEdit}
          />
        ) : (
          <PageSkeleton />
        )}
      </div>
    </>
  );
}

/** Shows what arrives while it is being sent, and all of it at the end. */
function useArrivals(bench: Workbench, working: boolean, refetch: () => unknown): void {
  const finish = useEffectEvent(() => {
    void bench.load();
    refetch(); // folders may have brought classes along
  });
  useEffect(() => {
    if (!working) return;
    const timer = setInterval(() => void bench.load(), bench.reloadMs);
    return () => {
      clearInterval(timer);
      finish();
    };
  }, [bench, working]);
}
