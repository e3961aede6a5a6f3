import { useTranslation } from "react-i18next";
import type { LogEntry } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { percent } from "../../i18n/format";

interface WhyUnknownProps {
  record: Pick<LogEntry, "unknown_reason" | "label" | "confidence">;
  /** The confidence from which on the model names an image, where it is known. */
  threshold?: number | null;
}

/** Why the best guess is not an answer, in words. */
export function WhyUnknown({ record, threshold }: WhyUnknownProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { unknown_reason: reason, label, confidence } = record;
  const guess =
    label !== null && confidence !== null
      ? { label, confidence: percent(confidence, language) }
      : null;
  if (reason === "unfamiliar") {
    return (
      <p className="muted" data-testid="why-unknown">
        {t("unknown.unfamiliar")} {guess && t("unknown.unfamiliarGuess", guess)}
      </p>
    );
  }
  return (
    <p className="muted" data-testid="why-unknown">
      {t("unknown.unsure")} {guess && t("unknown.unsureGuess", guess)}{" "}
      {typeof threshold === "number" &&
        t("unknown.needs", { threshold: percent(threshold, language) })}
    </p>
  );
}
