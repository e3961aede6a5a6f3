import { useQueries } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Job, JobEpoch } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { LineChart } from "../../charts/Chart";
import { MOST_SERIES } from "../../charts/style";
import { useLanguage } from "../../i18n";
import { percent, score, shortDateTime, whole } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";
import { trainedOn } from "../jobs/trainedOn";
import css from "./JobOverlay.module.css";
import type { Compared } from "../../charts/overlay/useCompared";

interface JobOverlayProps {
  /** Those that are listed; further ones are asked for. */
  rows: readonly Job[];
  isPending: boolean;
  compared: Compared;
}

/** The curves of several jobs over each other. */
export function JobOverlay({ rows, isPending, compared }: JobOverlayProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const { ids } = compared;
  const missing = ids.filter((id) => !rows.some((row) => row.id === id));
  const asked = useQueries({
    queries: missing.map((id) => ({
      queryKey: ["job", id],
      queryFn: ({ signal }: { signal: AbortSignal }) => api.job(id, signal),
    })),
  });
  const known = [...rows, ...asked.flatMap(({ data }) => data ?? [])];
  const jobs = ids.flatMap((id) => known.find((job) => job.id === id) ?? []);
  const drawn = jobs.filter(({ epochs }) => epochs.length > 0);
  const name = (job: Job) =>
    t("overlay.jobName", {
      data: trainedOn(job),
      time: shortDateTime(job.created_at, language),
    });
  const series = (value: (epoch: JobEpoch) => number) =>
    jobs.flatMap((job, style) =>
      job.epochs.length === 0
        ? []
        : {
            name: name(job),
            style,
            points: job.epochs.map((entry) => ({ x: entry.epoch, y: value(entry) })),
          },
    );
  const x = { title: t("training.epoch"), whole: true };
  const best = ({ epochs }: Job) => Math.max(...epochs.map(({ validation_top1: top1 }) => top1));
  const summary = drawn.map((job) => `${name(job)} ${percent(best(job), language)}`).join("; ");
  return (
    <section className="card panel" aria-labelledby="overlay-title" data-testid="overlay">
      <div className="panel-heading">
        <h2 id="overlay-title">{t("overlay.title")}</h2>
        {ids.length > 0 && (
          <button type="button" className="button small" onClick={compared.clear}>
            {t("overlay.clear")}
          </button>
        )}
      </div>
      {ids.length < 2 ? (
        <p className="muted">{t(ids.length === 0 ? "overlay.hint" : "overlay.one")}</p>
      ) : drawn.length === 0 && (isPending || asked.some((job) => job.isPending)) ? (
        <div className={`skeleton ${css.waiting}`} role="status" aria-label={t("app.loading")} />
      ) : drawn.length === 0 ? (
        <p className="muted">{t("overlay.none")}</p>
      ) : (
        <>
          <p className="muted small">{t("overlay.text", { most: MOST_SERIES })}</p>
          <div className={css.charts}>
            <div>
              <h3>{t("overlay.loss")}</h3>
              <LineChart
                series={series((epoch) => epoch.validation_loss)}
                x={x}
                y={{ title: "", min: 0 }}
                summary={`${t("overlay.loss")}: ${summary}`}
                testId="overlay-loss"
              />
            </div>
            <div>
              <h3>{t("overlay.accuracy")}</h3>
              <LineChart
                series={series((epoch) => epoch.validation_top1)}
                x={x}
                y={{ title: "", max: 1, percent: true }}
                summary={`${t("overlay.accuracy")}: ${summary}`}
                testId="overlay-accuracy"
              />
            </div>
          </div>
          <DataTable
            columns={[
              { name: t("overlay.table") },
              { name: t("overlay.epochs"), end: true },
              { name: t("overlay.best"), end: true },
              { name: t("overlay.last"), end: true },
            ]}
            labelledBy="overlay-title"
            testId="overlay-table"
          >
            {jobs.map((job) => (
              <tr key={job.id}>
                <th scope="row">{name(job)}</th>
                <td className="end">{whole(job.epochs.length, language)}</td>
                <td className="end">
                  {job.epochs.length === 0 ? "–" : percent(best(job), language)}
                </td>
                <td className="end">
                  {job.epochs.length === 0
                    ? "–"
                    : score(job.epochs.at(-1)?.validation_loss ?? 0, language)}
                </td>
              </tr>
            ))}
          </DataTable>
        </>
      )}
    </section>
  );
}
