import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { percent, shortDateTime } from "../../i18n/format";
import { Pick } from "../../charts/overlay/Pick";
import { useCompared } from "../../charts/overlay/useCompared";
import { DataTable } from "../../ui/DataTable";
import { Missing } from "../../ui/notice/Missing";
import { hasCurve, RunOverlay } from "./RunOverlay";
import { RunState } from "./RunPanel";
import css from "./RunsTable.module.css";

interface RunsTableProps {
  name: string;
  /** The list is read anew when another training is the newest, or its state changes. */
  newest: string | undefined;
  state: string | undefined;
}

/** All trainings of a dataset, so that more labels can be seen to help. */
export function RunsTable({ name, newest, state }: RunsTableProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const runs = useQuery({
    queryKey: ["runs", name, newest, state],
    queryFn: ({ signal }) => api.runs(name, signal),
  });
  const compared = useCompared();
  if (runs.error) {
    return (
      <Missing
        error={runs.error}
        route="GET /datasets/{name}/runs"
        onRetry={() => void runs.refetch()}
      />
    );
  }
  if (runs.data === undefined || runs.data.length === 0) return null;
  const curved = runs.data.filter(hasCurve);
  const drawn = compared.ids.flatMap((id) => curved.find((run) => run.id === id) ?? []);
  return (
    <section className="card panel" aria-labelledby="runs-title">
      <h2 id="runs-title">{t("data.runs")}</h2>
      <DataTable
        columns={[
          { name: t("training.started") },
          { name: t("data.version"), end: true },
          { name: t("accuracy.top1"), end: true },
          { name: t("history.model") },
          ...(curved.length > 1 ? [{ name: t("overlay.pick") }] : []),
        ]}
        labelledBy="runs-title"
        className={css.runs}
        testId="runs"
      >
        {runs.data.map((run) => (
          <tr key={run.id}>
            <th scope="row">
              <span className={css.started}>
                {shortDateTime(run.started_at, language)}
                <RunState state={run.state} />
              </span>
            </th>
            <td className="end">{run.version === 0 ? "–" : run.version}</td>
            <td className="end">{run.result ? percent(run.result.top1, language) : "–"}</td>
            <td className={css.model}>
              {run.model_version === null ? "–" : `${run.model} ${run.model_version}`}
            </td>
            {curved.length > 1 && (
              <td>
                {hasCurve(run) && (
                  <Pick
                    name={t("overlay.pickJob", { time: shortDateTime(run.started_at, language) })}
                    chosen={compared.ids.includes(run.id)}
                    full={compared.full}
                    onChange={(chosen) => {
                      compared.choose(run.id, chosen);
                    }}
                  />
                )}
              </td>
            )}
          </tr>
        ))}
      </DataTable>
      {drawn.length > 1 && <RunOverlay runs={drawn} />}
    </section>
  );
}
