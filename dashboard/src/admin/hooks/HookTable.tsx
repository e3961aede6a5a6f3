import { useTranslation } from "react-i18next";
import type { HookState } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { shortDateTime } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";
import { kindKey } from "./kinds";
import css from "./Hooks.module.css";

interface HookTableProps {
  hooks: readonly HookState[];
  onTest: (name: string) => void;
  onReplay: (name: string) => void;
  onRotate: (name: string) => void;
  onRemove: (name: string) => void;
}

/** The hooks by name, with what they want and how their last delivery went. */
export function HookTable({ hooks, onTest, onReplay, onRotate, onRemove }: HookTableProps) {
  const { t } = useTranslation();
  return (
    <DataTable
      columns={[
        { name: t("hooks.name") },
        { name: t("hooks.wants") },
        { name: t("hooks.last") },
        { name: t("hooks.actions"), hidden: true },
      ]}
      labelledBy="hooks-title"
      className={css.table}
      testId="hooks"
    >
      {hooks.map((hook) => (
        <tr key={hook.name} data-testid="hook-row">
          <th scope="row">
            {hook.name}
            <span className={`muted small ${css.target}`}>{hook.target}</span>
          </th>
          <td>
            <Wants hook={hook} />
          </td>
          <td>
            <Last hook={hook} />
          </td>
          <td className="end">
            <span className={css.buttons}>
              <Action name="test" hook={hook} onClick={onTest} />
              {hook.kind === "webhook" && <Action name="rotate" hook={hook} onClick={onRotate} />}
              {(hook.outcome?.dead ?? 0) > 0 && (
                <Action name="replay" hook={hook} onClick={onReplay} />
              )}
              <Action name="remove" hook={hook} onClick={onRemove} tone="danger" />
            </span>
          </td>
        </tr>
      ))}
    </DataTable>
  );
}

interface ActionProps {
  name: "test" | "rotate" | "replay" | "remove";
  hook: HookState;
  onClick: (name: string) => void;
  tone?: string;
}

function Action({ name, hook, onClick, tone = "" }: ActionProps) {
  const { t } = useTranslation();
  return (
    <button
      type="button"
      className={`button small ${tone}`}
      aria-label={t(`hooks.${name}One`, { name: hook.name })}
      onClick={() => {
        onClick(hook.name);
      }}
      data-testid={`hook-${name}`}
    >
      {t(`hooks.${name}`)}
    </button>
  );
}

function Wants({ hook: { wants } }: { hook: HookState }) {
  const { t } = useTranslation();
  const parts = [
    ...wants.kinds.map((kind) => t(`hooks.kind.${kindKey(kind)}`)),
    ...wants.labels,
    ...wants.statuses,
    ...wants.sources,
    ...wants.models,
    ...(wants.confidence_at_least === null ? [] : [`≥ ${String(wants.confidence_at_least)}`]),
    ...(wants.confidence_below === null ? [] : [`< ${String(wants.confidence_below)}`]),
  ];
  return <>{parts.length === 0 ? t("hooks.everything") : parts.join(", ")}</>;
}

function Last({ hook: { outcome } }: { hook: HookState }) {
  const { t } = useTranslation();
  const language = useLanguage();
  if (outcome === null) return <span className="muted">{t("hooks.notSeen")}</span>;
  const { last_success_at, last_failure_at, last_failure_status, dead } = outcome;
  if (last_success_at === null && last_failure_at === null) {
    return <span className="muted">{t("hooks.never")}</span>;
  }
  const why =
    last_failure_status === null
      ? t("hooks.noAnswer")
      : t("hooks.status", { status: last_failure_status });
  return (
    <>
      {last_success_at !== null && (
        <div>{t("hooks.success", { when: shortDateTime(last_success_at, language) })}</div>
      )}
      {last_failure_at !== null && (
        <div>{t("hooks.failure", { when: shortDateTime(last_failure_at, language), why })}</div>
      )}
      {dead > 0 && <span className="chip unsure">{t("hooks.dead", { n: dead })}</span>}
    </>
  );
}
