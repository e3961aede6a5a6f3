import { useTranslation } from "react-i18next";
import type { Backfill } from "visionflow-client";

import { useLanguage } from "../../../i18n";
import { decimal, duration, money, whole } from "../../../i18n/format";
import { DataTable } from "../../../ui/DataTable";

/** The estimate beside what happened, once it has ended. */
export function Compared({ backfill: { estimate, progress } }: { backfill: Backfill }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const rows = [
    ["images", estimate.images, progress.listed, whole],
    ["price", estimate.usd, progress.spent_usd, usd],
    ["time", estimate.seconds, progress.active_seconds, duration],
  ] as const;
  return (
    <section aria-labelledby="compared-title">
      <h3 id="compared-title">{t("backfills.compared")}</h3>
      <DataTable
        columns={[
          { name: t("backfills.item"), hidden: true },
          { name: t("backfills.expected"), end: true },
          { name: t("backfills.actual"), end: true },
          { name: t("backfills.change"), end: true },
        ]}
        labelledBy="compared-title"
        testId="backfill-compared"
      >
        {rows.map(([name, expected, actual, format]) => (
          <tr key={name}>
            <th scope="row">{t(`backfills.${name}`)}</th>
            <td className="end">{format(expected, language)}</td>
            <td className="end">{format(actual, language)}</td>
            <td className="end">
              {expected === 0 ? "–" : signed(100 * (actual / expected - 1), language)}
            </td>
          </tr>
        ))}
      </DataTable>
    </section>
  );
}

function usd(amount: number, language: Parameters<typeof money>[2]): string {
  return money(amount, "USD", language);
}

function signed(percent: number, language: Parameters<typeof money>[2]): string {
  const text = decimal(Math.abs(percent), language);
  const sign = text === "0" ? "" : percent > 0 ? "+" : "−";
  return `${sign}${text}%`;
}
