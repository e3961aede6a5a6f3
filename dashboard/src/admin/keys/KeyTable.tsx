import { useTranslation } from "react-i18next";
import type { ApiKey } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { dateOf, shortDateTime, whole } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";
import { stateOf } from "./keys";
import css from "./KeyTable.module.css";

interface KeyTableProps {
  keys: readonly ApiKey[];
  onRevoke: (key: ApiKey) => void;
}

const TONES = { active: "good", expired: "unsure", revoked: "" } as const;

/** The keys, those in use first, each by its prefix: the API does not keep the rest. */
export function KeyTable({ keys, onRevoke }: KeyTableProps) {
  const { t } = useTranslation();
  const inUse = keys.filter((key) => stateOf(key) === "active");
  const others = keys.filter((key) => stateOf(key) !== "active");
  return (
    <DataTable
      columns={[
        { name: t("keys.name") },
        { name: t("keys.state") },
        { name: t("keys.scopes") },
        { name: t("keys.limits") },
        { name: t("keys.created") },
        { name: t("keys.expires") },
        { name: t("keys.lastUse") },
        { name: t("keys.actions"), hidden: true },
      ]}
      labelledBy="keys-title"
      className={css.table}
      testId="keys"
    >
      {[...inUse, ...others].map((key) => (
        <KeyRow
          key={key.prefix}
          apiKey={key}
          onRevoke={() => {
            onRevoke(key);
          }}
        />
      ))}
    </DataTable>
  );
}

function KeyRow({ apiKey, onRevoke }: { apiKey: ApiKey; onRevoke: () => void }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { prefix, name, requests_per_minute, requests_per_month } = apiKey;
  const state = stateOf(apiKey);
  const limits = [
    requests_per_minute === null
      ? null
      : t("keys.perMinuteOf", { n: whole(requests_per_minute, language) }),
    requests_per_month === null
      ? null
      : t("keys.perMonthOf", { n: whole(requests_per_month, language) }),
  ].filter((limit) => limit !== null);
  return (
    <tr data-testid="key-row" data-state={state}>
      <th scope="row">
        {name}
        <br />
        <code className="muted">vf_{prefix}_…</code>
      </th>
      <td>
        <span className={`chip ${TONES[state]}`}>{t(`keys.states.${state}`)}</span>
      </td>
      <td>
        <span className={css.scopes}>
          {apiKey.scopes.map((scope) => (
            <code key={scope} title={t(`access.scopes.${scope}`)}>
              {scope}
            </code>
          ))}
        </span>
      </td>
      <td>
        {limits.length === 0
          ? t("keys.default")
          : limits.map((limit) => (
              <span key={limit} className={css.limit}>
                {limit}
              </span>
            ))}
      </td>
      <td className="numeric">
        {dateOf(apiKey.created_at, language)}
        <br />
        <span className="muted">{apiKey.created_by}</span>
      </td>
      <td className="numeric">
        {apiKey.expires_at === null ? t("keys.never") : dateOf(apiKey.expires_at, language)}
      </td>
      <td className="numeric">
        {apiKey.last_used_at === null
          ? t("keys.neverUsed")
          : shortDateTime(apiKey.last_used_at, language)}
      </td>
      <td className="end">
        {state === "active" && (
          <button
            type="button"
            className="button small danger"
            aria-label={t("keys.revokeOne", { name })}
            onClick={onRevoke}
            data-testid="key-revoke"
          >
            {t("keys.revoke")}
          </button>
        )}
      </td>
    </tr>
  );
}
