import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { BackfillComparison } from "visionflow-client";

import { IntervalBar } from "../../../ui/interval/IntervalBar";
import { wilson } from "../../../ui/interval/wilson";
import { useLanguage } from "../../../i18n";
import { orDash, points, whole } from "../../../i18n/format";
import { DataTable } from "../../../ui/DataTable";
import { useMore } from "../../../ui/useMore";
import type { Filter } from "./filter";
import css from "./LabelsPanel.module.css";
import { useSort } from "./useSort";

type Label = BackfillComparison["labels"][number];

/** Rows that are drawn at once, and more on request. */
const STEP = 20;
/** From this many classes on they can be searched. */
const MANY = 20;

const either = ({ old, new: now, both }: Label) => old + now - both;

const VALUES = {
  label: ({ label }: Label) => label,
  old: ({ old }: Label) => old,
  new: ({ new: now }: Label) => now,
  difference: ({ old, new: now }: Label) => now - old,
  kept: (row: Label) => (either(row) === 0 ? null : row.both / either(row)),
  confidenceShift: ({ shift }: Label) => shift,
};

interface LabelsPanelProps {
  comparison: Pick<BackfillComparison, "labels" | "labels_left">;
  filter: Filter;
  onChoose: (wanted: Partial<Filter>) => void;
}

/** How often each version gives each class. */
export function LabelsPanel({ comparison, filter, onChoose }: LabelsPanelProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [wanted, setWanted] = useState("");
  const { labels, labels_left: left } = comparison;
  const part = wanted.trim().toLocaleLowerCase();
  const found = labels.filter(({ label }) => label.toLocaleLowerCase().includes(part));
  const { sorted, by } = useSort(found, VALUES);
  const [shown, more] = useMore(sorted, STEP);
  const count = (value: number) => whole(value, language);
  return (
    <section className="card panel" aria-labelledby="labels-title">
      <div className="panel-heading">
        <div>
          <h2 id="labels-title">{t("comparison.labels")}</h2>
          <p className="muted small">{t("comparison.labelsText")}</p>
        </div>
        {labels.length > MANY && (
          <label className="field">
            <span className="field-name">{t("comparison.searchLabel")}</span>
            <input
              type="search"
              className="input"
              value={wanted}
              onChange={({ target }) => {
                setWanted(target.value);
              }}
              data-testid="label-search"
            />
          </label>
        )}
      </div>
      <DataTable
        columns={[
          { name: t("comparison.label"), sort: by("label") },
          { name: t("comparison.old"), end: true, sort: by("old") },
          { name: t("comparison.new"), end: true, sort: by("new") },
          { name: t("comparison.difference"), end: true, sort: by("difference") },
          { name: t("comparison.kept"), sort: by("kept") },
          { name: t("comparison.confidenceShift"), end: true, sort: by("confidenceShift") },
        ]}
        labelledBy="labels-title"
        className={css.table}
        testId="compared-labels"
      >
        {shown.map((row) => {
          const { label, old, new: now, both, shift } = row;
          const isChosen = filter.label === label;
          const n = either(row);
          return (
            <tr key={label}>
              <th scope="row">
                <button
                  type="button"
                  className={css.label}
                  aria-pressed={isChosen}
                  onClick={() => {
                    onChoose({ label: isChosen ? null : label });
                  }}
                >
                  {label}
                </button>
              </th>
              <td className="end">{count(old)}</td>
              <td className="end">{count(now)}</td>
              <td className="end">{signed(now - old, count)}</td>
              <td>
                {n > 0 && (
                  <IntervalBar share={both / n} interval={wilson(both / n, n)} n={n} tone="test" />
                )}
              </td>
              <td className="end">{orDash(shift, points, language)}</td>
            </tr>
          );
        })}
      </DataTable>
      {found.length === 0 && <p className="muted small">{t("combobox.none")}</p>}
      {more}
      {left > 0 && (
        <p className="muted small">{t("comparison.labelsLeft", { labels: count(left) })}</p>
      )}
    </section>
  );
}

function signed(value: number, format: (value: number) => string): string {
  return `${value > 0 ? "+" : ""}${format(value)}`;
}
