import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import type { Report } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { Combobox } from "../../ui/combobox/Combobox";
import { cellsOf, confusions, MOST_ROWS, matrixAt } from "./confusion";
import { ConfusionCell } from "./ConfusionCell";
import { ConfusionMatrix } from "./ConfusionMatrix";
import css from "./ConfusionTab.module.css";
import { ConfusionTrail } from "./ConfusionTrail";
import { choicesOf, treeOf } from "../report/report";
import { WorstConfusions } from "./WorstConfusions";

/** The labels that are taken for others: the worst as a list, and the matrix, part by part. */
export function ConfusionTab({ report }: { report: Report }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [params, setParams] = useSearchParams();
  const tree = useMemo(() => treeOf(report), [report]);
  const cells = useMemo(() => cellsOf(report.test.confusion), [report]);
  const choices = useMemo(() => choicesOf(tree), [tree]);
  const named = params.get("focus");
  const focus = named !== null && tree.has(named) ? named : null;
  const matrix = useMemo(() => matrixAt(cells, tree, focus), [cells, tree, focus]);
  const worst = useMemo(() => confusions(cells, tree, focus), [cells, tree, focus]);
  const truth = params.get("truth") ?? worst[0]?.truth ?? null;
  const answer = params.get("answer") ?? worst[0]?.answer ?? null;
  const isLarge = tree.isDeep || tree.labels.length > MOST_ROWS;

  const choose = useCallback(
    (cell: { truth: string; answer: string }) => {
      setParams((before) => new URLSearchParams({ ...Object.fromEntries(before), ...cell }), {
        replace: true,
      });
    },
    [setParams],
  );
  const open = useCallback(
    (name: string | null) => {
      setParams(
        (before) => {
          const kept = [...before].filter(([key]) => !["truth", "answer", "focus"].includes(key));
          return new URLSearchParams(name === null ? kept : [...kept, ["focus", name]]);
        },
        { replace: true },
      );
    },
    [setParams],
  );
  const canOpen = useCallback((name: string) => tree.below(name).length > 0, [tree]);

  return (
    <div className={`${css.columns} ${isLarge ? css.large : ""}`}>
      <section className={`card panel ${css.main}`} aria-labelledby="confusion-title">
        <div className="panel-heading">
          <div>
            <h2 id="confusion-title">{t("accuracy.confusion")}</h2>
            <p className="muted small">
              {t("accuracy.confusionText")} {tree.isDeep && t("accuracy.confusionParents")}
            </p>
          </div>
          {isLarge && (
            <Combobox
              name={t("accuracy.findClass")}
              choices={choices}
              value={focus}
              onChange={open}
              placeholder={t("history.anyLabel")}
              testId="confusion-find"
            />
          )}
        </div>
        {isLarge && <ConfusionTrail tree={tree} focus={focus} onOpen={open} />}
        <ConfusionMatrix
          matrix={matrix}
          truth={truth}
          answer={answer}
          onChoose={choose}
          canOpen={canOpen}
          onOpen={open}
        />
        {matrix.left > 0 && (
          <p className="muted small" data-testid="confusion-left">
            {t("accuracy.worstRows", {
              shown: whole(matrix.names.length, language),
              all: whole(matrix.names.length + matrix.left, language),
            })}
          </p>
        )}
      </section>
      <div className={css.side}>
        {isLarge && (
          <WorstConfusions
            key={focus}
            pairs={worst}
            truth={truth}
            answer={answer}
            onChoose={choose}
          />
        )}
        {truth !== null && answer !== null && (
          <ConfusionCell report={report} tree={tree} cells={cells} truth={truth} answer={answer} />
        )}
        {!isLarge && (
          <WorstConfusions pairs={worst} truth={truth} answer={answer} onChoose={choose} />
        )}
      </div>
    </div>
  );
}
