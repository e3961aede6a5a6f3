import { useTranslation } from "react-i18next";
import type { VersionDay } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { milliseconds, shortDay, whole } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";
import { imagesOf, versionKey } from "./days";

/** All that the charts draw, and what they leave out. */
export function DaysTable({ rows }: { rows: readonly VersionDay[] }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const number = (n: number) => whole(n, language);
  const time = (ms: number | undefined) => (ms === undefined ? "–" : milliseconds(ms, language));
  const numbers = [
    t("overTime.images"),
    t("status.ok"),
    t("reason.unsure"),
    t("reason.unfamiliar"),
    t("status.failed"),
    t("overTime.p50"),
    t("overTime.p95"),
    t("overTime.feedback"),
  ];
  return (
    <section className="card panel" aria-labelledby="over-time-table">
      <details>
        <summary id="over-time-table">{t("overTime.table")}</summary>
        <DataTable
          columns={[
            { name: t("overTime.day") },
            { name: t("overTime.version") },
            ...numbers.map((name) => ({ name, end: true })),
          ]}
          labelledBy="over-time-table"
          testId="over-time-table"
        >
          {rows.toReversed().map((row) => (
            <tr key={`${row.day} ${row.model ? versionKey(row.model) : ""}`}>
              <th scope="row">{shortDay(row.day, language)}</th>
              <td>{row.model ? `${row.model.name} ${row.model.version}` : t("overTime.none")}</td>
              <td className="end">{number(imagesOf(row))}</td>
              <td className="end">{number(row.ok)}</td>
              <td className="end">{number(row.unsure)}</td>
              <td className="end">{number(row.unfamiliar)}</td>
              <td className="end">{number(row.failed)}</td>
              <td className="end">{time(row.latency?.p50_ms)}</td>
              <td className="end">{time(row.latency?.p95_ms)}</td>
              <td className="end">
                {row.feedback
                  ? t("overTime.of", {
                      correct: number(row.feedback.correct),
                      n: number(row.feedback.n),
                    })
                  : "–"}
              </td>
            </tr>
          ))}
        </DataTable>
      </details>
    </section>
  );
}
