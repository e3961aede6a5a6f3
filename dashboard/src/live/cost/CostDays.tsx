import { useTranslation } from "react-i18next";
import type { MonthCost } from "visionflow-client";

import { DayChart } from "../../charts/Chart";
import { useLanguage } from "../../i18n";
import { money, shortDay, whole } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";

/** What the images of each day cost. */
export function CostDays({ cost }: { cost: MonthCost }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const days = cost.by_day;
  const usd = (amount: number) => money(amount, cost.currency, language);
  const total = { usd: usd(cost.images_usd), images: whole(cost.images, language) };
  return (
    <section className="card panel" aria-labelledby="cost-days">
      <div className="panel-heading">
        <h2 id="cost-days">{t("cost.perDay")}</h2>
        <p className="muted small numeric">{t("cost.perDayTotal", total)}</p>
      </div>
      {cost.images === 0 ? (
        <p className="muted">{t("cost.noImages")}</p>
      ) : (
        <>
          <DayChart
            kind="stack"
            days={days.map(({ day }) => shortDay(day, language))}
            series={[{ name: t("cost.images"), values: days.map((day) => day.usd) }]}
            y={{ title: cost.currency, digits: 6 }}
            summary={`${t("cost.perDay")}: ${t("cost.perDayTotal", total)}`}
            height={180}
            testId="cost-days-chart"
          />
          {days.some(({ utc_day }) => utc_day) && (
            <p className="muted small">{t("cost.utcDays")}</p>
          )}
          <details>
            <summary>{t("cost.asTable")}</summary>
            <DataTable
              columns={[
                { name: t("cost.day") },
                { name: t("cost.imageCount"), end: true },
                { name: t("cost.amount"), end: true },
              ]}
              labelledBy="cost-days"
              testId="cost-days-table"
            >
              {days.map((day) => (
                <tr key={day.day}>
                  <th scope="row">{shortDay(day.day, language)}</th>
                  <td className="end">{whole(day.images, language)}</td>
                  <td className="end">{usd(day.usd)}</td>
                </tr>
              ))}
            </DataTable>
          </details>
        </>
      )}
    </section>
  );
}
