import { useTranslation } from "react-i18next";
import type { LogEntry } from "visionflow-client";

import { CheckIcon } from "../../ui/icons";
import css from "./FeedbackMark.module.css";
import { isRight } from "./verdict";

interface FeedbackMarkProps {
  record: Pick<LogEntry, "status" | "label" | "feedback">;
}

/** Beside an answer, what people said of it: a tick, or "→ roses". */
export function FeedbackMark({ record }: FeedbackMarkProps) {
  const { t } = useTranslation();
  const { feedback } = record;
  if (!feedback) return null;
  const right = isRight(record);
  const said = feedback.label ?? t("feedback.none");
  return (
    <span className={css.mark} data-testid="feedback-mark" data-right={right}>
      <span className="visually-hidden">
        {" "}
        {t(right ? "feedback.markRight" : "feedback.markWrong")}{" "}
      </span>
      {right ? (
        <CheckIcon className={css.right} />
      ) : (
        <span className={css.arrow} aria-hidden>
          →
        </span>
      )}
      {(!right || feedback.label === null) && <span className={css.said}>{said}</span>}
    </span>
  );
}
