import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { ImageAnswer } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { percent } from "../../i18n/format";
import css from "./ImageCard.module.css";

export function ImageGrid({ children, testId }: { children: ReactNode; testId?: string }) {
  return (
    <ul className={css.grid} data-testid={testId}>
      {children}
    </ul>
  );
}

/** A test image with its true class and the model's answer. */
export function ImageCard({ image }: { image: ImageAnswer }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { file, truth, answer, confidence, truth_confidence: own } = image;
  return (
    <li className={css.card}>
      <img className={css.image} src={image.image} alt={t("accuracy.imageOf", { truth })} />
      <p className={css.text} title={file}>
        <strong className={truth === answer ? css.right : css.wrong}>{answer}</strong>{" "}
        <span className="numeric">{percent(confidence, language)}</span>
        {truth !== answer && (
          <span className="muted">
            {t("accuracy.really", { truth, confidence: percent(own, language) })}
          </span>
        )}
      </p>
    </li>
  );
}
