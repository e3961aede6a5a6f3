import { useTranslation } from "react-i18next";
import type { BackfillComparison } from "visionflow-client";

import { answerText } from "../../../../i18n/comparison/texts";
import { type Cell, type Filter, isSame } from "../filter";
import css from "./FilterBar.module.css";

interface FilterBarProps {
  comparison: Pick<BackfillComparison, "clusters" | "examples">;
  filter: Filter;
  onFilter: (changes: Partial<Filter>) => void;
}

/** Chooses examples by their change, their group or a class; offers what the examples have. */
export function FilterBar({ comparison, filter, onFilter }: FilterBarProps) {
  const { t } = useTranslation();
  const { clusters, examples } = comparison;
  const cells = withChosen(
    examples.map(({ old, new: now }) => ({ old: old.label, new: now.label })),
    filter.cell,
  );
  const given = examples.flatMap(({ old, new: now }) => [old.label, now.label]);
  const labels = [...new Set([...given, filter.label])]
    .filter((label) => label !== null)
    .sort((one, other) => one.localeCompare(other));
  const isOn = filter.cell !== null || filter.label !== null || filter.cluster !== null;
  return (
    <div className={css.bar}>
      <label className="field">
        <span className="field-name">{t("comparison.change")}</span>
        <select
          className="input"
          value={filter.cell === null ? "" : keyOf(filter.cell)}
          onChange={({ target: { value } }) => {
            onFilter({ cell: cells.find((cell) => keyOf(cell) === value) ?? null });
          }}
          data-testid="filter-change"
        >
          <option value="">{t("comparison.anyChange")}</option>
          {cells.map((cell) => (
            <option key={keyOf(cell)} value={keyOf(cell)}>
              {`${answerText(t, cell.old)} → ${answerText(t, cell.new)}`}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span className="field-name">{t("comparison.label")}</span>
        <select
          className="input"
          value={filter.label ?? ""}
          onChange={({ target: { value } }) => {
            onFilter({ label: value === "" ? null : value });
          }}
          data-testid="filter-class"
        >
          <option value="">{t("comparison.anyLabel")}</option>
          {labels.map((label) => (
            <option key={label}>{label}</option>
          ))}
        </select>
      </label>
      <label className="field">
        <span className="field-name">{t("comparison.group")}</span>
        <select
          className="input"
          value={filter.cluster ?? ""}
          onChange={({ target: { value } }) => {
            onFilter({ cluster: value === "" ? null : Number(value) });
          }}
          data-testid="filter-group"
        >
          <option value="">{t("comparison.anyGroup")}</option>
          {clusters.map(({ id, old, new: now }) => (
            <option key={id} value={id}>
              {t("comparison.groupOption", {
                id: id + 1,
                old: answerText(t, old),
                new: answerText(t, now),
              })}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        className="button"
        disabled={!isOn}
        onClick={() => {
          onFilter({ cell: null, label: null, cluster: null });
        }}
        data-testid="filter-clear"
      >
        {t("comparison.clear")}
      </button>
    </div>
  );
}

function keyOf(cell: Cell): string {
  return JSON.stringify([cell.old, cell.new]);
}

/** Each once, the first first; with the chosen one, though no example is of it. */
function withChosen(cells: readonly Cell[], chosen: Cell | null): Cell[] {
  const different = [...new Map(cells.map((cell) => [keyOf(cell), cell])).values()];
  const isThere = chosen === null || different.some((cell) => isSame(chosen, cell));
  return isThere ? different : [...different, chosen];
}
