import { useTranslation } from "react-i18next";

import type { AuditEntry } from "../../api/access";
import { useLanguage } from "../../i18n";
import { dateTime } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";
import css from "./AuditTable.module.css";

export function AuditTable({ rows }: { rows: readonly AuditEntry[] }) {
  const { t } = useTranslation();
  return (
    <DataTable
      columns={[
        { name: t("history.time") },
        { name: t("audit.who") },
        { name: t("audit.what") },
        { name: t("audit.subject") },
        { name: t("audit.status") },
        { name: t("audit.details") },
      ]}
      labelledBy="audit-title"
      className={css.table}
      testId="audit"
    >
      {rows.map((entry, index) => (
        // Two entries may be the same in everything that they hold.
        <Entry key={`${entry.at} ${entry.caller} ${index}`} entry={entry} />
      ))}
    </DataTable>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { at, by, caller, action, subject, status, details } = entry;
  return (
    <tr data-testid="audit-row">
      <td className="numeric">{dateTime(at, language)}</td>
      <th scope="row" title={caller}>
        {by}
      </th>
      <td>
        <code>{action}</code>
      </td>
      <td>
        <code>{subject}</code>
      </td>
      <td>
        {status === null ? (
          <span className="chip unsure">{t("audit.unknown")}</span>
        ) : (
          <span className={`chip numeric ${status < 400 ? "good" : "bad"}`}>{status}</span>
        )}
      </td>
      <td>
        <details>
          <summary>{t("audit.details")}</summary>
          <pre className={css.details} tabIndex={0}>
            {JSON.stringify({ caller, ...details }, null, 2)}
          </pre>
        </details>
      </td>
    </tr>
  );
}
