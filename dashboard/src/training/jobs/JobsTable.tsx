import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { dateTime, money, percent } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";
import { TrainingIcon } from "../../ui/icons";
import { Notice } from "../../ui/notice/Notice";
import { Pick } from "../../charts/overlay/Pick";
import type { Compared } from "../../charts/overlay/useCompared";
import css from "./JobsTable.module.css";
import { StateChip } from "./StateChip";
import { trainedOn } from "./trainedOn";
import type { Jobs } from "./useJobs";

interface JobsTableProps {
  jobs: Jobs;
  open: string | null;
  onOpen: (id: string) => void;
  compared: Compared;
}

export function JobsTable({ jobs, open, onOpen, compared }: JobsTableProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  return (
    <section className="card panel" aria-labelledby="jobs-title">
      <h2 id="jobs-title">{t("training.jobs")}</h2>
      {jobs.isPending ? (
        <div className={`skeleton ${css.waiting}`} role="status" aria-label={t("app.loading")} />
      ) : jobs.rows.length === 0 ? (
        <Notice icon={<TrainingIcon />} title={t("training.noJobs")} testId="jobs-empty">
          <p>{t("training.noJobsText")}</p>
        </Notice>
      ) : (
        <DataTable
          columns={[
            { name: t("training.started") },
            { name: t("training.data") },
            { name: t("history.status") },
            { name: t("models.validationTop1"), end: true },
            { name: t("training.cost"), end: true },
            { name: t("overlay.pick") },
          ]}
          labelledBy="jobs-title"
          className={css.table}
          testId="jobs"
        >
          {jobs.rows.map((job) => {
            const best = Math.max(...job.epochs.map((epoch) => epoch.validation_top1), -1);
            return (
              <tr key={job.id} className={job.id === open ? css.open : ""}>
                <th scope="row">
                  <button
                    type="button"
                    className={css.link}
                    aria-pressed={job.id === open}
                    onClick={() => {
                      onOpen(job.id);
                    }}
                    data-testid="job-row"
                  >
                    {dateTime(job.created_at, language)}
                  </button>
                </th>
                <td>{trainedOn(job)}</td>
                <td>
                  <StateChip job={job} />
                </td>
                <td className="end">{best < 0 ? "–" : percent(best, language)}</td>
                <td className="end">{money(job.cost_usd, "USD", language)}</td>
                <td>
                  <Pick
                    name={t("overlay.pickJob", { time: dateTime(job.created_at, language) })}
                    chosen={compared.ids.includes(job.id)}
                    full={compared.full}
                    onChange={(chosen) => {
                      compared.choose(job.id, chosen);
                    }}
                  />
                </td>
              </tr>
            );
          })}
        </DataTable>
      )}
      {jobs.hasOlder && (
        <div>
          <button type="button" className="button small" onClick={jobs.loadOlder}>
            {t("training.olderJobs")}
          </button>
        </div>
      )}
    </section>
  );
}
