import { useTranslation } from "react-i18next";
import type { Feedback, LogEntry } from "visionflow-client";

import { weightText } from "../../i18n/texts";
import { CheckIcon } from "../../ui/icons";
import css from "./FeedbackForm.module.css";
import { isRight } from "./verdict";

interface SaidNowProps {
  record: Pick<LogEntry, "status" | "label">;
  said: Feedback;
}

/** The feedback that counts: what was answered, what it says, and who gave it. */
export function SaidNow({ record, said }: SaidNowProps) {
  const { t } = useTranslation();
  const right = isRight({ ...record, feedback: said });
  const named = record.status === "ok" ? record.label : t("status.unknown");
  const told = said.label ?? t("feedback.none");
  return (
    <>
      <span className={`chip ${right ? "good" : "unsure"}`} data-testid="feedback-said">
        {right && <CheckIcon className={css.icon} />}
        {right && said.label !== null
          ? t("feedback.confirmed", { label: said.label })
          : right
            ? told
            : `${named ?? "–"} → ${told}`}
      </span>
      <span className="muted small" data-testid="feedback-by">
        {t("feedback.by", { by: said.by, weight: weightText(t, said.weight) })}
      </span>
    </>
  );
}
