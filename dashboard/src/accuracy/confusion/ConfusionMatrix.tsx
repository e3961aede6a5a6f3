import { type CSSProperties, memo } from "react";
import { useTranslation } from "react-i18next";

import css from "./ConfusionMatrix.module.css";

interface ConfusionMatrixProps {
  labels: readonly string[];
  counts: readonly (readonly number[])[];
  truth: string | null;
  answer: string | null;
  onChoose: (cell: { truth: string; answer: string }) => void;
}

/** Rows: truth; columns: answer. Shaded by the share of the row, so that small classes show too. */
export const ConfusionMatrix = memo(function ConfusionMatrix(props: ConfusionMatrixProps) {
  const { labels, counts, truth, answer, onChoose } = props;
  const { t } = useTranslation();
  return (
    <div className="table-scroll" role="group" aria-label={t("accuracy.confusion")} tabIndex={0}>
      <table className={css.matrix} data-testid="confusion">
        <thead>
          <tr>
            <th className={css.corner} scope="col">
              {t("accuracy.truthAnswer")}
            </th>
            {labels.map((label) => (
              <th key={label} className={css.column} scope="col" title={label}>
                <span>{label}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {counts.map((row, truthIndex) => {
            const rowLabel = labels[truthIndex] ?? "";
            const total = row.reduce((sum, count) => sum + count, 0);
            return (
              <tr key={rowLabel}>
                <th className={css.row} scope="row" title={rowLabel}>
                  {rowLabel}
                </th>
                {row.map((count, answerIndex) => {
                  const columnLabel = labels[answerIndex] ?? "";
                  if (count === 0) return <td key={columnLabel} className={css.empty} />;
                  const kind = truthIndex === answerIndex ? css.right : css.wrong;
                  return (
                    <td key={columnLabel} className={css.filled}>
                      <button
                        type="button"
                        className={`${css.cell} ${kind}`}
                        style={shade(count / total)}
                        aria-label={t("accuracy.cellName", {
                          truth: rowLabel,
                          answer: columnLabel,
                          images: count,
                        })}
                        aria-pressed={rowLabel === truth && columnLabel === answer}
                        onClick={() => {
                          onChoose({ truth: rowLabel, answer: columnLabel });
                        }}
                      >
                        {count}
                      </button>
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
});

/** Never under 15 %, or one mistake in a hundred would be invisible. */
function shade(share: number): CSSProperties {
  return { "--shade": `${Math.round(15 + share * 30)}%` } as CSSProperties;
}
