import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Confusion, Report } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { modelParams } from "../../registry/chosen";
import type { LabelTree } from "../../registry/labelTree";
import { useMore } from "../../ui/useMore";
import { confusions } from "./confusion";
import { ImageCard, ImageGrid } from "../report/ImageCard";
import { imagesOf } from "../report/report";

const STEP = 10;

interface ConfusionCellProps {
  report: Report;
  tree: LabelTree;
  cells: Confusion;
  truth: string;
  answer: string;
}

/** One cell of the matrix: how many images, some of them and, of parents, between which labels. */
export function ConfusionCell({ report, tree, cells, truth, answer }: ConfusionCellProps) {
  const { t } = useTranslation();
  const images = imagesOf(report.findings, tree, truth, answer);
  const [truths, answers] = [new Set(tree.leaves(truth)), new Set(tree.leaves(answer))];
  const count = cells.images.reduce((sum, found, cell) => {
    const inside = truths.has(cells.truth[cell] ?? -1) && answers.has(cells.answer[cell] ?? -1);
    return inside ? sum + found : sum;
  }, 0);
  const isOfParents = truths.size > 1 || answers.size > 1;
  return (
    <section className="card panel" aria-label={t("accuracy.cell")} data-testid="confusion-cell">
      <div>
        <h2>
          {truth} → {answer}
        </h2>
        <p className="muted small">
          {t("accuracy.cellText", { images: count, kept: images.length })}
        </p>
      </div>
      {images.length > 0 && (
        <ImageGrid>
          {images.map((image) => (
            <ImageCard key={image.file} image={image} />
          ))}
        </ImageGrid>
      )}
      {isOfParents && (
        <Labels key={`${truth}>${answer}`} pairs={confusions(cells, tree, truth, answer)} />
      )}
      <Link
        to={`/history?${new URLSearchParams({ label: answer, ...modelParams(report), view: "grid" }).toString()}`}
      >
        {t("accuracy.answersInHistory", { answer })}
      </Link>
    </section>
  );
}

/** The labels behind a cell of parents. */
function Labels({ pairs }: { pairs: ReturnType<typeof confusions> }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [shown, more] = useMore(pairs, STEP);
  if (pairs.length === 0) return null;
  return (
    <div className="stack">
      <h3>{t("accuracy.cellLabels")}</h3>
      <ul className="plain-list small" data-testid="cell-labels">
        {shown.map((pair) => (
          <li key={`${pair.truth}>${pair.answer}`}>
            {pair.truth} → <strong>{pair.answer}</strong>{" "}
            <span className="muted numeric">{whole(pair.images, language)}</span>
          </li>
        ))}
      </ul>
      {more}
    </div>
  );
}
