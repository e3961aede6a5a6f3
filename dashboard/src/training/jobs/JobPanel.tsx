import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Job } from "visionflow-client";

import { useMay } from "../../access/useMe";
import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { dateTime, duration, money } from "../../i18n/format";
import { stepText } from "../../i18n/texts";
import { modelParams } from "../../registry/chosen";
import { CopyText } from "../../ui/CopyText";
import { DialogButtons } from "../../ui/dialog/DialogButtons";
import { Modal } from "../../ui/dialog/Modal";
import { Missing } from "../../ui/notice/Missing";
import { Problem } from "../../ui/notice/Problem";
import { ServerText } from "../../ui/notice/ServerText";
import { WORKER } from "../worker";
import { JobCurves } from "./JobCurves";
import css from "./JobPanel.module.css";
import { StateChip } from "./StateChip";
import { trainedOn } from "./trainedOn";

const EVERY_MS = 3_000;

/** One job: state, curves, log and cost. */
export function JobPanel({ id }: { id: string }) {
  const { t } = useTranslation();
  const api = useApi();
  const job = useQuery({
    queryKey: ["job", id],
    queryFn: ({ signal }) => api.job(id, signal),
    refetchInterval: ({ state }) => (state.data?.ended_at ? false : EVERY_MS),
  });
  return (
    <section className="card panel" aria-label={t("training.job")} data-testid="job">
      {job.data ? (
        <>
          {job.error && <Problem error={job.error} />}
          <JobView job={job.data} />
        </>
      ) : job.error ? (
        <Missing
          error={job.error}
          route="GET /training-jobs/{id}"
          onRetry={() => void job.refetch()}
        />
      ) : (
        <div className={`skeleton ${css.waiting}`} role="status" aria-label={t("app.loading")} />
      )}
    </section>
  );
}

function JobView({ job }: { job: Job }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const may = useMay();
  const { progress, instance, model } = job;
  const isLocal = job.runs_on === "local";
  return (
    <>
      <div className="panel-heading">
        <div className="row">
          <h2>{trainedOn(job)}</h2>
          <StateChip job={job} />
        </div>
        {may("DELETE /training-jobs/{id}") && job.ended_at === null && job.state !== "stopping" && (
          <StopButton job={job} />
        )}
        {may("POST /training-jobs/{id}/resume") &&
          (job.state === "failed" || job.state === "cancelled") && <ResumeButton job={job} />}
        {model && (
          <Link
            className="button small primary"
            to={`/accuracy?${new URLSearchParams(modelParams(model)).toString()}`}
          >
            {t("training.openResult", model)}
          </Link>
        )}
      </div>
      {job.waits_for_worker && <WaitsForWorker />}
      {job.reason !== null && (
        <p>
          <ServerText text={job.reason} />
        </p>
      )}
      {progress && job.ended_at === null && (
        <div className={css.progress}>
          <p className="small numeric">
            {stepText(t, progress.step)} ·{" "}
            {t("training.epochOf", { epoch: progress.epoch, epochs: progress.epochs })}
            {job.eta_seconds !== null && (
              <span className="muted">
                {" "}
                · {t("training.eta", { time: duration(job.eta_seconds, language) })}
              </span>
            )}
          </p>
          <progress
            className={css.bar}
            value={progress.epoch}
            max={Math.max(progress.epochs, 1)}
            aria-label={t("training.progress")}
          />
        </div>
      )}
      <JobCurves epochs={job.epochs} />
      <dl className="facts">
        <dt>{t("training.data")}</dt>
        <dd>
          <JobImages config={job.config} />
        </dd>
        <dt>{t("training.config")}</dt>
        <dd>{job.config.config}</dd>
        {job.config.grow_from !== null && (
          <>
            <dt>{t("training.grownFrom")}</dt>
            <dd>
              <Link to={`/training?job=${job.config.grow_from}`}>{job.config.grow_from}</Link>
            </dd>
          </>
        )}
        <dt>{t("training.cost")}</dt>
        <dd>
          {isLocal
            ? money(job.cost_usd, "USD", language)
            : t("training.costOf", {
                cost: money(job.cost_usd, "USD", language),
                budget: money(job.budget_usd, "USD", language),
              })}
        </dd>
        <dt>{t("training.machine")}</dt>
        <dd>
          {isLocal
            ? t("training.thisComputer")
            : instance
              ? `${instance.type}, ${instance.zone}, ${t(instance.spot ? "training.spotMachine" : "training.wholeMachine")}`
              : "–"}
        </dd>
        <dt>{t("training.started")}</dt>
        <dd>{dateTime(job.started_at ?? job.created_at, language)}</dd>
        {job.heartbeat_at !== null && job.ended_at === null && (
          <>
            <dt>{t("training.heartbeat")}</dt>
            <dd>{dateTime(job.heartbeat_at, language)}</dd>
          </>
        )}
        {job.ended_at !== null && (
          <>
            <dt>{t("training.ended")}</dt>
            <dd>{dateTime(job.ended_at, language)}</dd>
          </>
        )}
      </dl>
      <details open={job.ended_at === null || undefined}>
        <summary>{t("training.log")}</summary>
        <pre className={css.log} tabIndex={0} aria-label={t("training.log")} data-testid="job-log">
          {job.log_tail.length === 0 ? t("training.noLog") : job.log_tail.join("\n")}
        </pre>
      </details>
    </>
  );
}

/** Without the command nothing trains a job of the local cloud. */
function WaitsForWorker() {
  const { t } = useTranslation();
  return (
    <div role="status" data-testid="waits-for-worker">
      <p>{t("training.waitsText")}</p>
      <CopyText name={t("training.command")} text={WORKER} testId="worker-command" />
    </div>
  );
}

/** What a job trained on: a version of a dataset, or a folder. */
function JobImages({ config: { dataset, dataset_version: number, data } }: Pick<Job, "config">) {
  const { t } = useTranslation();
  if (dataset === null) return <code>{data}</code>;
  const query = new URLSearchParams({ dataset }).toString();
  return (
    <>
      <Link to={`/data?${query}`}>{dataset}</Link>, {t("training.versionUsed", { number })}
    </>
  );
}

/** Resumes from the last checkpoint. */
function ResumeButton({ job }: { job: Job }) {
  const { t } = useTranslation();
  const api = useApi();
  const queries = useQueryClient();
  const resume = useMutation({
    mutationFn: () => api.resumeJob(job.id),
    onSuccess: (resumed) => {
      queries.setQueryData(["job", job.id], resumed);
      void queries.invalidateQueries({ queryKey: ["jobs"] });
    },
  });
  return (
    <>
      <button
        type="button"
        className="button small"
        disabled={resume.isPending}
        onClick={() => {
          resume.mutate();
        }}
        data-testid="resume-job"
      >
        {t("training.resume")}
      </button>
      {resume.error && <Problem error={resume.error} />}
    </>
  );
}

function StopButton({ job }: { job: Job }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const stop = useMutation({
    mutationFn: () => api.stopJob(job.id),
    onSuccess: (stopped) => {
      queries.setQueryData(["job", job.id], stopped);
      void queries.invalidateQueries({ queryKey: ["jobs"] });
      setAsking(false);
    },
  });
  const close = () => {
    setAsking(false);
  };
  return (
    <>
      <button
        type="button"
        className="button small danger"
        onClick={() => {
          setAsking(true);
        }}
        data-testid="stop-job"
      >
        {t("training.stop")}
      </button>
      {asking && (
        <Modal title={t("training.stopTitle")} onClose={close} testId="stop">
          <p>
            {job.runs_on === "local"
              ? t("training.stopTextLocal")
              : t("training.stopText", { cost: money(job.cost_usd, "USD", language) })}
          </p>
          {stop.error && <Problem error={stop.error} />}
          <DialogButtons
            confirm={t("training.stop")}
            tone="danger"
            isPending={stop.isPending}
            onCancel={close}
            onConfirm={() => {
              stop.mutate();
            }}
            testId="stop-confirm"
          />
        </Modal>
      )}
    </>
  );
}
