import { useTranslation } from "react-i18next";
import type { PredictionSet } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { decimal } from "../../i18n/format";
import { useMore } from "../../ui/useMore";
import css from "./LabelSet.module.css";

const MOST_LABELS = 20;

interface LabelSetProps {
  /** The probability that was asked for. */
  coverage: number;
  /** `null`: the answer came through the bucket, without a set. */
  set: PredictionSet | null;
  /** The image is unlike those that the probability was measured on. */
  unfamiliar: boolean;
}

/** The labels that hold the true one with a probability, and what that means. */
export function LabelSet({ coverage, set, unfamiliar }: LabelSetProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [shown, more] = useMore(set?.labels ?? [], MOST_LABELS);
  const share = decimal((set?.coverage ?? coverage) * 100, language);
  if (set === null) return <p className="muted small">{t("predict.setMissing")}</p>;
  return (
    <section className={css.set} aria-labelledby="set-title" data-testid="prediction-set">
      <h3 id="set-title">{t("predict.setTitle", { share })}</h3>
      {set.labels.length === 0 ? (
        <p>{t("predict.setEmpty")}</p>
      ) : (
        <>
          <ul className={css.labels}>
            {shown.map((label) => (
              <li key={label} className={`chip accent ${css.label}`}>
                {label}
              </li>
            ))}
          </ul>
          {more}
        </>
      )}
      <p className="muted small">
        {t(unfamiliar ? "predict.setUnfamiliar" : "predict.setText", { share })}
      </p>
    </section>
  );
}
