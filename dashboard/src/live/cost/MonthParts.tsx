import { useTranslation } from "react-i18next";
import type { MonthCost } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { fileSize, money, whole } from "../../i18n/format";
import { itemText, placeText } from "../../i18n/texts";
import { DataTable } from "../../ui/DataTable";
import { fixedSoFar } from "./amounts";

interface Part {
  key: string;
  name: string;
  note?: string;
  soFar: number | null;
  perMonth?: number | null;
}

/** What the month's cost is made of. */
export function MonthParts({ cost }: { cost: MonthCost }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { training } = cost;
  const usd = (amount: number | null | undefined) =>
    amount === null || amount === undefined ? "–" : money(amount, cost.currency, language);
  const number = (count: number) => whole(count, language);
  const passed = cost.stored_so_far / (sum(cost.stored.map((part) => part.per_month)) || 1);
  const groups: { key: string; name: string; total: number; parts: Part[] }[] = [
    {
      key: "images",
      name: t("cost.parts.images"),
      total: cost.images_usd,
      parts: [
        {
          key: "images",
          name: t("cost.parts.classified", { n: number(cost.images) }),
          soFar: cost.images_usd,
        },
      ],
    },
    {
      key: "training",
      name: t("cost.parts.training"),
      total: training.jobs_usd + training.trainings_usd + training.curated_usd,
      parts: [
        {
          key: "jobs",
          name: t("cost.parts.jobs", { n: number(training.jobs) }),
          soFar: training.jobs_usd,
        },
        {
          key: "trainings",
          name: t("cost.parts.trainings", { n: number(training.trainings) }),
          soFar: training.trainings_usd,
        },
        {
          key: "curated",
          name: t("cost.parts.curated", { n: number(training.curated) }),
          soFar: training.curated_usd,
        },
      ],
    },
    {
      key: "fixed",
      name: t("cost.parts.fixed"),
      total: fixedSoFar(cost),
      parts: cost.fixed.map(({ item, so_far, per_month }) => ({
        key: item,
        name: itemText(t, item),
        soFar: so_far,
        perMonth: per_month,
      })),
    },
    {
      key: "stored",
      name: t("cost.parts.stored"),
      total: cost.stored_so_far,
      parts: cost.stored.map(({ kind, place, bytes, measured, per_month }) => ({
        key: `${kind} ${place}`,
        name: placeText(t, kind, place),
        note:
          bytes === null
            ? t("cost.parts.notMeasured")
            : measured
              ? fileSize(bytes, language)
              : t("cost.parts.estimated", { size: fileSize(bytes, language) }),
        soFar: per_month === null ? null : per_month * passed,
        perMonth: per_month,
      })),
    },
  ];
  return (
    <section className="card panel" aria-labelledby="cost-parts">
      <div>
        <h2 id="cost-parts">{t("cost.parts.title")}</h2>
        <p className="muted small">{t("cost.parts.text")}</p>
      </div>
      <DataTable
        columns={[
          { name: t("cost.parts.part") },
          { name: t("cost.soFar"), end: true },
          { name: t("cost.parts.perMonth"), end: true },
        ]}
        labelledBy="cost-parts"
        testId="cost-parts"
      >
        {groups.flatMap(({ key, name, total, parts }) => [
          <tr key={key} data-testid={`cost-part-${key}`}>
            <th scope="row">
              <strong>{name}</strong>
            </th>
            <td className="end">
              <strong>{usd(total)}</strong>
            </td>
            <td />
          </tr>,
          ...parts.map((part) => (
            <tr key={`${key} ${part.key}`}>
              <td>
                {part.name}
                {part.note !== undefined && <span className="muted small"> · {part.note}</span>}
              </td>
              <td className="end">{usd(part.soFar)}</td>
              <td className="end">{usd(part.perMonth)}</td>
            </tr>
          )),
        ])}
      </DataTable>
      {!training.complete && <p className="muted small">{t("cost.parts.incomplete")}</p>}
    </section>
  );
}

function sum(amounts: readonly (number | null)[]): number {
  return amounts.reduce<number>((total, amount) => total + (amount ?? 0), 0);
}
