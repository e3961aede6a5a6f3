import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";

import type { Report } from "../../api/artifact";
import { useLanguage } from "../../i18n";
import { percent, whole } from "../../i18n/format";
import { ConfusionMatrix } from "./ConfusionMatrix";
import css from "./ConfusionTab.module.css";
import { ImageCard, ImageGrid } from "../report/ImageCard";
import { imagesOf } from "../report/report";

/** The confusion matrix; a cell leads to its images. */
export function ConfusionTab({ report }: { report: Report }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [params, setParams] = useSearchParams();
  const { labels } = report.data;
  const { confusion, most_confused: pairs } = report.test;
  const [firstPair] = pairs;
  const truth = params.get("truth") ?? firstPair?.truth ?? null;
  const answer = params.get("answer") ?? firstPair?.answer ?? null;
  const choose = (cell: { truth: string; answer: string }) => {
    setParams((before) => new URLSearchParams({ ...Object.fromEntries(before), ...cell }), {
      replace: true,
    });
  };
  return (
    <div className={css.columns}>
      <section className="card panel" aria-labelledby="confusion-title">
        <div>
          <h2 id="confusion-title">{t("accuracy.confusion")}</h2>
          <p className="muted small">{t("accuracy.confusionText")}</p>
        </div>
        <ConfusionMatrix
          labels={labels}
          counts={confusion}
          truth={truth}
          answer={answer}
          onChoose={choose}
        />
      </section>
      <div className={css.side}>
        {truth !== null && answer !== null && (
          <Cell report={report} truth={truth} answer={answer} />
        )}
        <section className="card panel" aria-labelledby="pairs-title">
          <h2 id="pairs-title">{t("accuracy.mostConfused")}</h2>
          {pairs.length === 0 ? (
            <p className="muted small">{t("accuracy.noConfusions")}</p>
          ) : (
            <ul className={css.pairs} data-testid="confused-pairs">
              {pairs.map((pair) => (
                <li key={`${pair.truth}>${pair.answer}`}>
                  <button
                    type="button"
                    className={css.pair}
                    aria-pressed={pair.truth === truth && pair.answer === answer}
                    onClick={() => {
                      choose({ truth: pair.truth, answer: pair.answer });
                    }}
                  >
                    <span>
                      {pair.truth} → <strong>{pair.answer}</strong>
                    </span>
                    <span className="muted numeric">
                      {whole(pair.images, language)} · {percent(pair.rate, language)}
                    </span>
                  </button>
                </li>
              ))}
            </ul>
          )}
        </section>
      </div>
    </div>
  );
}

interface CellProps {
  report: Report;
  truth: string;
  answer: string;
}

function Cell({ report, truth, answer }: CellProps) {
  const { t } = useTranslation();
  const { labels } = report.data;
  const count = report.test.confusion[labels.indexOf(truth)]?.[labels.indexOf(answer)] ?? 0;
  const images = imagesOf(report.findings, truth, answer);
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
      <Link
        to={`/history?label=${encodeURIComponent(answer)}&version=${encodeURIComponent(report.version)}&view=grid`}
      >
        {t("accuracy.answersInHistory", { answer })}
      </Link>
    </section>
  );
}
