import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { useApi } from "../api/ApiContext";
import { useLanguage } from "../i18n";
import { decimal, whole } from "../i18n/format";
import { DataTable } from "../ui/DataTable";
import { FewImages } from "../ui/notice/FewImages";
import { Missing } from "../ui/notice/Missing";
import css from "./DriftPanel.module.css";

/** How far recent images differ from the validation images of a version. */
export function DriftPanel() {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const stats = useQuery({
    queryKey: ["stats", "all"],
    queryFn: ({ signal }) => api.stats({}, signal),
    staleTime: 10_000,
  });
  const drift = Object.entries(stats.data?.drift ?? {});
  const number = (value: number | null) => (value === null ? "–" : decimal(value, language, 3));
  return (
    <section className="card panel" aria-labelledby="drift-title" data-testid="drift">
      <div>
        <h2 id="drift-title">{t("models.drift")}</h2>
        <p className="muted small">{t("models.driftText")}</p>
      </div>
      {stats.error ? (
        <Missing error={stats.error} route="GET /stats" onRetry={() => void stats.refetch()} />
      ) : stats.isPending ? (
        <div className={`skeleton ${css.waiting}`} />
      ) : drift.length === 0 ? (
        <p className="muted small">{t("models.noDrift")}</p>
      ) : (
        <DataTable
          columns={[
            { name: t("accuracy.version") },
            { name: t("models.realImages"), end: true },
            { name: t("models.driftLabels"), end: true },
            { name: t("models.driftEmbedding"), end: true },
            { name: t("models.result") },
          ]}
          labelledBy="drift-title"
        >
          {drift.map(([model, { labels, embedding, n, needed, verdict }]) => (
            <tr key={model}>
              <th scope="row">{model.replace("/", " ")}</th>
              <td className="end">{whole(n, language)}</td>
              <td className="end">{number(labels)}</td>
              <td className="end">{number(embedding)}</td>
              <td>
                {verdict === "too_few" ? (
                  <FewImages n={n} needed={needed} />
                ) : (
                  <span className={`chip ${verdict === "drifted" ? "bad" : "good"}`}>
                    {t(`models.${verdict}`)}
                  </span>
                )}
              </td>
            </tr>
          ))}
        </DataTable>
      )}
    </section>
  );
}
