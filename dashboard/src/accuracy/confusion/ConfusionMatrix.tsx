import { type CSSProperties, memo } from "react";
import { useTranslation } from "react-i18next";

import type { Matrix } from "./confusion";
import css from "./ConfusionMatrix.module.css";

interface ConfusionMatrixProps {
  matrix: Matrix;
  truth: string | null;
  answer: string | null;
  onChoose: (cell: { truth: string; answer: string }) => void;
  /** Whether a row has a matrix of its own. */
  canOpen: (name: string) => boolean;
  onOpen: (name: string) => void;
}

/** Rows: truth; columns: answer. Shaded by the share of the row, so that small classes show too. */
export const ConfusionMatrix = memo(function ConfusionMatrix(props: ConfusionMatrixProps) {
  const { matrix, truth, answer, onChoose, canOpen, onOpen } = props;
  const { names, counts, elsewhere } = matrix;
  const { t } = useTranslation();
  const isPart = elsewhere.some((images) => images > 0);
  return (
    <div className="table-scroll" role="group" aria-label={t("accuracy.confusion")} tabIndex={0}>
      <table className={css.matrix} data-testid="confusion">
        <thead>
          <tr>
            <th className={css.corner} scope="col">
              {t("accuracy.truthAnswer")}
            </th>
            {names.map((name) => (
              <th key={name} className={css.column} scope="col" title={name}>
                <span>{name}</span>
              </th>
            ))}
            {isPart && (
              <th className={`${css.column} muted`} scope="col">
                <span>{t("accuracy.elsewhere")}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {counts.map((row, truthIndex) => {
            const rowName = names[truthIndex] ?? "";
            const outside = elsewhere[truthIndex] ?? 0;
            const total = row.reduce((sum, count) => sum + count, outside);
            return (
              <tr key={rowName}>
                <th className={css.row} scope="row" title={rowName}>
                  {canOpen(rowName) ? (
                    <button
                      type="button"
                      className={css.open}
                      onClick={() => {
                        onOpen(rowName);
                      }}
                    >
                      {rowName}
                    </button>
                  ) : (
                    rowName
                  )}
                </th>
                {row.map((count, answerIndex) => {
                  const columnName = names[answerIndex] ?? "";
                  if (count === 0) return <td key={columnName} className={css.empty} />;
                  const kind = truthIndex === answerIndex ? css.right : css.wrong;
                  return (
                    <td key={columnName} className={css.filled}>
                      <button
                        type="button"
                        className={`${css.cell} ${kind}`}
                        style={shade(count / total)}
                        aria-label={t("accuracy.cellName", {
                          truth: rowName,
                          answer: columnName,
                          images: count,
                        })}
                        aria-pressed={rowName === truth && columnName === answer}
                        onClick={() => {
                          onChoose({ truth: rowName, answer: columnName });
                        }}
                      >
                        {count}
                      </button>
                    </td>
                  );
                })}
                {isPart && <td className={css.elsewhere}>{outside > 0 && outside}</td>}
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
