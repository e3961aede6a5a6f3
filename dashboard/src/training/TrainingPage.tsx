import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { useMay, useMe } from "../access/useMe";
import { Missing } from "../ui/notice/Missing";
import { MissingScope } from "../ui/notice/MissingScope";
import { PageSkeleton } from "../ui/notice/PageSkeleton";
import { JobForm } from "./form/JobForm";
import { useDatasets } from "./form/useDatasets";
import { JobPanel } from "./jobs/JobPanel";
import { JobsTable } from "./jobs/JobsTable";
import { useJobs } from "./jobs/useJobs";
import { JobOverlay } from "./overlay/JobOverlay";
import { useCompared } from "../charts/overlay/useCompared";
import css from "./TrainingPage.module.css";
import { useTrainingOptions } from "./useTrainingOptions";

export default function TrainingPage() {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const options = useTrainingOptions();
  const datasets = useDatasets();
  const jobs = useJobs();
  const may = useMay();
  const compared = useCompared();
  const open = params.get("job") ?? jobs.rows.find(({ ended_at }) => ended_at === null)?.id ?? null;
  const openJob = (id: string) => {
    setParams(
      (before) => {
        before.set("job", id);
        return before;
      },
      { replace: true },
    );
  };
  return (
    <>
      <title>{`${t("app.training")} · VisionFlow`}</title>
      <div className="page-heading">
        <div>
          <h1>{t("training.title")}</h1>
          <p className="muted">{t("training.intro")}</p>
        </div>
      </div>
      <div className={css.columns}>
        <div className="stack">
          {open !== null && <JobPanel key={open} id={open} />}
          {jobs.error ? (
            <Missing error={jobs.error} route="GET /training-jobs" onRetry={jobs.reload} />
          ) : (
            <JobsTable jobs={jobs} open={open} onOpen={openJob} compared={compared} />
          )}
          {(jobs.rows.length > 1 || compared.ids.length > 0) && (
            <JobOverlay rows={jobs.rows} isPending={jobs.isPending} compared={compared} />
          )}
        </div>
        {!may("POST /training-jobs") ? (
          <NotYours />
        ) : options.data && datasets.list ? (
          <JobForm
            options={options.data}
            datasets={datasets.list}
            past={jobs.rows}
            onStarted={(id) => {
              openJob(id);
              window.scrollTo({ top: 0 }); // the form is long, and the job is above it
            }}
          />
        ) : options.error ? (
          <section className="card panel">
            <Missing
              error={options.error}
              route="GET /training-options"
              onRetry={() => void options.refetch()}
            />
          </section>
        ) : datasets.error ? (
          <section className="card panel">
            <Missing error={datasets.error} route="GET /datasets" onRetry={datasets.reload} />
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
    <section className="card panel" data-testid="no-jobs">
      <h2>{t("training.start")}</h2>
      <p>{t("training.notYours")}</p>
      <MissingScope route="POST /training-jobs" />
    </section>
  );
}
