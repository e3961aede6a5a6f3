import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { percent, whole } from "../../i18n/format";
import { useMore } from "../../ui/useMore";
import type { Confused } from "./confusion";
import css from "./ConfusionTab.module.css";

const STEP = 15;

interface WorstConfusionsProps {
  /** The largest first. */
  pairs: readonly Confused[];
  truth: string | null;
  answer: string | null;
  onChoose: (cell: { truth: string; answer: string }) => void;
}

/** Which labels are taken for which. */
export function WorstConfusions({ pairs, truth, answer, onChoose }: WorstConfusionsProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [shown, more] = useMore(pairs, STEP);
  return (
    <section className="card panel" aria-labelledby="pairs-title">
      <h2 id="pairs-title">{t("accuracy.mostConfused")}</h2>
      {pairs.length === 0 ? (
        <p className="muted small">{t("accuracy.noConfusions")}</p>
      ) : (
        <ul className={css.pairs} data-testid="confused-pairs">
          {shown.map((pair) => (
            <li key={`${pair.truth}>${pair.answer}`}>
              <button
                type="button"
                className={css.pair}
                aria-pressed={pair.truth === truth && pair.answer === answer}
                onClick={() => {
                  onChoose({ truth: pair.truth, answer: pair.answer });
                }}
              >
                <span>
                  {pair.truth} → <strong>{pair.answer}</strong>
                </span>
                <span className={`muted numeric ${css.share}`}>
                  {whole(pair.images, language)} · {percent(pair.rate, language)}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {more}
    </section>
  );
}
