import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useLanguage } from "../../../../i18n";
import { answerText } from "../../../../i18n/comparison/texts";
import { percent, whole } from "../../../../i18n/format";
import { BarRow, BarRows } from "../../../../ui/BarRow";
import { Thumbnail } from "../../../../ui/Thumbnail";
import type { Example } from "../filter";
import css from "./ExampleCard.module.css";

/** The best labels that are shown of each answer. */
const TOP = 3;

interface ExampleCardProps {
  example: Example;
  onBroken: () => void;
}

/** An image with the old answer beside the new one. Its address names it; few have a record. */
export function ExampleCard({ example, onBroken }: ExampleCardProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { bucket, key, thumbnail, disagreement, width, height, prediction_id: record } = example;
  return (
    <li className={css.card} data-testid="example">
      <Thumbnail className={css.image} url={thumbnail} onBroken={onBroken} />
      <div className={css.about}>
        <bdi className={css.key}>{`s3://${bucket}/${key}`}</bdi>
        <p className="muted small numeric">
          {t("comparison.size", { width: whole(width, language), height: whole(height, language) })}
          {" · "}
          {t("comparison.disagreement", { share: percent(disagreement, language) })}
        </p>
        {record !== null && (
          <Link
            to={`/history?record=${encodeURIComponent(record)}`}
            className="small"
            data-testid="example-record"
          >
            {t("predict.openRecord")}
          </Link>
        )}
      </div>
      <div className={css.answers}>
        <Answer which="old" answer={example.old} />
        <Answer which="new" answer={example.new} />
      </div>
    </li>
  );
}

interface AnswerProps {
  which: "old" | "new";
  answer: Example["old"];
}

function Answer({ which, answer }: AnswerProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { label, unknown_reason: reason, top } = answer;
  return (
    <div className={css.answer} data-testid={`${which}-answer`}>
      <p className="muted small">{t(`comparison.${which}`)}</p>
      <p className={css.label}>
        {label === null ? (
          <span className="chip unsure">
            {reason === null ? answerText(t, null) : t(`reason.${reason}`)}
          </span>
        ) : (
          <strong>{label}</strong>
        )}
      </p>
      <BarRows>
        {top.slice(0, TOP).map(({ label: name, confidence }) => (
          <BarRow
            key={name}
            name={name}
            value={percent(confidence, language)}
            share={confidence}
            tone={label === null ? "unsure" : name === label ? "main" : "rest"}
            narrow
          />
        ))}
      </BarRows>
    </div>
  );
}
