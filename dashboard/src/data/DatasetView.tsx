import * as Tabs from "@radix-ui/react-tabs";
import { useEffect, useEffectEvent } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";

import { useMay, useMe } from "../access/useMe";
import { useLanguage } from "../i18n";
import { whole } from "../i18n/format";
import { Missing } from "../ui/notice/Missing";
import { MissingScope } from "../ui/notice/MissingScope";
import { PageSkeleton } from "../ui/notice/PageSkeleton";
import { useWorkbench } from "./facts/useWorkbench";
import type { Workbench } from "./facts/workbench";
import { ImagesTab } from "./grid/ImagesTab";
import { HealthTab } from "./health/HealthTab";
import { useUploads } from "./intake/useUploads";
import { DeleteDataset } from "./list/DeleteDataset";
import { TrainTab } from "./train/TrainTab";
import { useDataset } from "./useDataset";
import { VersionsTab } from "./versions/VersionsTab";

const TABS = ["images", "health", "train", "versions"] as const;

/** One dataset: its images, what is wrong with them, its trainings and its versions. */
export default function DatasetView({ name }: { name: string }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [params, setParams] = useSearchParams();
  const may = useMay();
  const me = useMe();
  const dataset = useDataset(name);
  const facts = useWorkbench(name);
  const { progress } = useUploads(name);
  const tab = TABS.find((known) => known === params.get("tab")) ?? "images";
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
              images: whole(facts.counts.images, language),
              labelled: whole(facts.counts.labelled, language),
              classes: whole(details?.dataset.classes.length ?? 0, language),
            })}
          </p>
        </div>
        {may("DELETE /datasets/{name}") && <DeleteDataset name={name} />}
      </div>
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
        <Tabs.Root
          className="stack"
          value={tab}
          onValueChange={(next) => {
            setParams({ dataset: name, tab: next }, { replace: true });
          }}
        >
          <Tabs.List className="tabs" aria-label={name}>
            {TABS.map((known) => (
              <Tabs.Trigger key={known} className="tab" value={known} data-testid={`tab-${known}`}>
                {t(`data.tabs.${known}`)}
              </Tabs.Trigger>
            ))}
          </Tabs.List>
          <Tabs.Content className="tab-content" value="images">
            <ImagesTab dataset={details.dataset} facts={facts} canEdit={canEdit} />
          </Tabs.Content>
          <Tabs.Content className="tab-content" value="health">
            <HealthTab details={details} facts={facts} canEdit={canEdit} />
          </Tabs.Content>
          <Tabs.Content className="tab-content" value="train">
            <TrainTab details={details} facts={facts} sending={progress.working} />
          </Tabs.Content>
          <Tabs.Content className="tab-content" value="versions">
            <VersionsTab dataset={details.dataset} />
          </Tabs.Content>
        </Tabs.Root>
      ) : (
        <PageSkeleton />
      )}
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
