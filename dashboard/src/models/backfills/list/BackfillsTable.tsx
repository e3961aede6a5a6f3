import { useTranslation } from "react-i18next";

import { useLanguage } from "../../../i18n";
import { dateTime, decimal, moment, money, orDash } from "../../../i18n/format";
import { DataTable } from "../../../ui/DataTable";
import { ModelsIcon } from "../../../ui/icons";
import { Notice } from "../../../ui/notice/Notice";
import css from "./BackfillsTable.module.css";
import { ProgressBar } from "./ProgressBar";
import { StateChip } from "./StateChip";
import { type Backfills, isAtWork } from "./useBackfills";

interface BackfillsTableProps {
  backfills: Backfills;
  open: string | null;
  onOpen: (id: string) => void;
}

export function BackfillsTable({ backfills, open, onOpen }: BackfillsTableProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const usd = (amount: number) => money(amount, "USD", language);
  return (
    <section className="card panel" aria-labelledby="backfills-title">
      <h2 id="backfills-title">{t("backfills.list")}</h2>
      {backfills.isPending ? (
        <div className={`skeleton ${css.waiting}`} role="status" aria-label={t("app.loading")} />
      ) : backfills.rows.length === 0 ? (
        <Notice icon={<ModelsIcon />} title={t("backfills.empty")} testId="backfills-empty">
          <p>{t("backfills.emptyText")}</p>
        </Notice>
      ) : (
        <DataTable
          columns={[
            { name: t("backfills.started") },
            { name: t("backfills.state") },
            { name: t("backfills.progress") },
            { name: t("backfills.speed"), end: true },
            { name: t("backfills.end"), end: true },
            { name: t("backfills.spent"), end: true },
          ]}
          labelledBy="backfills-title"
          className={css.table}
          testId="backfills"
        >
          {backfills.rows.map((row) => {
            const { progress, estimate } = row;
            const end = isAtWork(row) ? progress.expected_end : null;
            return (
              <tr key={row.id} className={row.id === open ? css.open : ""}>
                <th scope="row">
                  <button
                    type="button"
                    className={css.link}
                    aria-pressed={row.id === open}
                    onClick={() => {
                      onOpen(row.id);
                    }}
                    data-testid="backfill-row"
                  >
                    {dateTime(row.created_at, language)}
                  </button>
                  <code className={css.source}>{row.source}</code>
                </th>
                <td>
                  <StateChip state={row.state} />
                </td>
                <td>
                  <ProgressBar backfill={row} />
                </td>
                <td className="end">{orDash(progress.images_per_second, decimal, language)}</td>
                <td className={`end ${css.wraps ?? ""}`}>
                  {end === null ? "–" : moment(Date.parse(end), language)}
                </td>
                <td className={`end ${css.wraps ?? ""}`}>
                  {t("backfills.spentOf", {
                    spent: usd(progress.spent_usd),
                    expected: usd((isAtWork(row) ? progress.expected_usd : null) ?? estimate.usd),
                  })}
                </td>
              </tr>
            );
          })}
        </DataTable>
      )}
      {backfills.hasOlder && (
        <div>
          <button
            type="button"
            className="button small"
            onClick={backfills.loadOlder}
            data-testid="older-backfills"
          >
            {t("backfills.older")}
          </button>
        </div>
      )}
    </section>
  );
}
