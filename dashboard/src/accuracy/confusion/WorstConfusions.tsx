import { useTranslation } from "react-i18next";

import { Pair, Pairs } from "../../charts/pairs/Pairs";
import { useLanguage } from "../../i18n";
import { percent, whole } from "../../i18n/format";
import { useMore } from "../../ui/useMore";
import type { Confused } from "./confusion";

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
        <Pairs testId="confused-pairs">
          {shown.map((pair) => (
            <Pair
              key={`${pair.truth}>${pair.answer}`}
              from={pair.truth}
              to={pair.answer}
              note={`${whole(pair.images, language)} · ${percent(pair.rate, language)}`}
              isChosen={pair.truth === truth && pair.answer === answer}
              onChoose={() => {
                onChoose({ truth: pair.truth, answer: pair.answer });
              }}
            />
          ))}
        </Pairs>
      )}
      {more}
    </section>
  );
}
