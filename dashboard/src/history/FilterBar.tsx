import { useTranslation } from "react-i18next";

import type { LogEntry } from "../api/types";
import { useHealth } from "../app/useHealth";
import { CloseIcon } from "../ui/icons";
import type { Filters } from "./feed";
import css from "./FilterBar.module.css";
import { STATUSES } from "./useHistoryParams";

interface FilterBarProps {
  filters: Filters;
  onChange: (filters: Filters) => void;
  rows: readonly LogEntry[];
}

export function FilterBar({ filters, onChange, rows }: FilterBarProps) {
  const { t } = useTranslation();
  const labels = useLabels(filters, rows);
  return (
    <div className={css.bar}>
      <label className={css.field}>
        <span className={css.name}>{t("history.label")}</span>
        <select
          className={css.select}
          value={filters.label ?? ""}
          onChange={({ target }) => {
            onChange({ ...filters, label: target.value });
          }}
          data-testid="filter-label"
        >
          <option value="">{t("history.anyLabel")}</option>
          {labels.map((label) => (
            <option key={label}>{label}</option>
          ))}
        </select>
      </label>
      <label className={css.field}>
        <span className={css.name}>{t("history.status")}</span>
        <select
          className={css.select}
          value={filters.status ?? ""}
          onChange={({ target }) => {
            onChange({ ...filters, status: STATUSES.find((known) => known === target.value) });
          }}
          data-testid="filter-status"
        >
          <option value="">{t("history.anyStatus")}</option>
          {STATUSES.map((status) => (
            <option key={status} value={status}>
              {t(`status.${status}`)}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        className={`button ${css.clear}`}
        disabled={Object.keys(filters).length === 0}
        onClick={() => {
          onChange({});
        }}
        data-testid="filter-clear"
      >
        <CloseIcon className={css.clearIcon} />
        <span className={css.clearText}>{t("history.clear")}</span>
      </button>
    </div>
  );
}

/** The labels of the model in service, and those that earlier models left in the list. */
function useLabels(filters: Filters, rows: readonly LogEntry[]): string[] {
  const health = useHealth();
  const labels = new Set(health.data?.labels);
  if (filters.label) labels.add(filters.label);
  for (const { label } of rows) if (label !== null) labels.add(label);
  return [...labels].sort((a, b) => a.localeCompare(b));
}
