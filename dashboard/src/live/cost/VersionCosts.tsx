import { useTranslation } from "react-i18next";
import type { MonthCost } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { milliseconds, money, whole } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";
import { isMeasured } from "./amounts";
import css from "./CostPage.module.css";

/** What each version cost, and what its images took of the functions. */
export function VersionCosts({ cost }: { cost: MonthCost }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const usd = (amount: number) => money(amount, cost.currency, language);
  const serving = cost.serving?.model;
  return (
    <section className="card panel" aria-labelledby="cost-versions">
      <div>
        <h2 id="cost-versions">{t("cost.versions.title")}</h2>
        <p className="muted small">{t("cost.versions.text", { days: cost.retention_days })}</p>
      </div>
      {cost.by_version.length === 0 ? (
        <p className="muted">{t("cost.noImages")}</p>
      ) : (
        <DataTable
          columns={[
            { name: t("cost.versions.version") },
            { name: t("cost.imageCount"), end: true },
            { name: t("cost.amount"), end: true },
            { name: t("cost.versions.per1000"), end: true },
            { name: t("cost.versions.took") },
          ]}
          labelledBy="cost-versions"
          testId="cost-versions"
        >
          {cost.by_version.map((part) => (
            <tr key={part.model ? `${part.model.name}/${part.model.version}` : "none"}>
              <th scope="row">
                {part.model ? `${part.model.name} ${part.model.version}` : t("cost.versions.none")}
                {part.model?.name === serving?.name &&
                  part.model?.version === serving?.version &&
                  serving !== undefined && (
                    <>
                      {" "}
                      <span className="chip good">{t("cost.versions.serves")}</span>
                    </>
                  )}
              </th>
              <td className="end">{whole(part.images, language)}</td>
              <td className="end">{usd(part.usd)}</td>
              <td className="end">{usd(part.per_1000)}</td>
              <td>
                {isMeasured(part) ? (
                  <ul className="plain-list">
                    {Object.entries(part.ways).map(([way, took]) => (
                      <li key={way} className={`small ${css.took}`}>
                        {t(way === "api" ? "cost.versions.predict" : "cost.versions.ingest", {
                          time: milliseconds(took.mean_ms, language),
                          memory: whole(took.memory_mb, language),
                          n: whole(took.images, language),
                        })}
                      </li>
                    ))}
                  </ul>
                ) : (
                  <span className="muted small">{t("cost.versions.listed")}</span>
                )}
              </td>
            </tr>
          ))}
        </DataTable>
      )}
    </section>
  );
}
