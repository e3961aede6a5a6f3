import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import type { AuditEntry } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { isActor } from "../../i18n/actors";
import { actionText } from "../../i18n/audit/actions";
import { dateTime } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";
import { ServerText } from "../../ui/notice/ServerText";
import css from "./AuditTable.module.css";

/** Of the details: what the server says in words; the others are names and values. */
const SAID = new Set(["reason", "said", "left_out"]);

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
  const said = Object.entries<unknown>({ caller, ...details }).filter(
    ([, value]) => value !== null,
  );
  const name = actionText(action, language);
  return (
    <tr data-testid="audit-row">
      <td className="numeric">{dateTime(at, language)}</td>
      <th scope="row" title={caller}>
        {isActor(by) ? <ServerText text={by} /> : by}
      </th>
      <td>
        {name} <code className={css.action}>{action}</code>
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
          <dl className={`facts ${css.details}`}>
            {said.map(([key, value]) => (
              <Fragment key={key}>
                <dt>
                  <code>{key}</code>
                </dt>
                <dd>
                  {isActor(by) && SAID.has(key) && typeof value === "string" ? (
                    <ServerText text={value} />
                  ) : (
                    <code>{typeof value === "string" ? value : JSON.stringify(value)}</code>
                  )}
                </dd>
              </Fragment>
            ))}
          </dl>
        </details>
      </td>
    </tr>
  );
}
