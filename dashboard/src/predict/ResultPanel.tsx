import { useTranslation } from "react-i18next";

import { PictureIcon } from "../ui/icons";
import { Notice } from "../ui/Notice";
import { Problem } from "../ui/Problem";
import { ResultView } from "./ResultView";
import css from "./ResultPanel.module.css";
import type { Outcome } from "./usePredict";

interface ResultPanelProps {
  isPending: boolean;
  error: Error | null;
  outcome: Outcome | undefined;
  onRetry: () => void;
}

export function ResultPanel({ isPending, error, outcome, onRetry }: ResultPanelProps) {
  const { t } = useTranslation();
  return (
    <section
      className={`card ${css.card}`}
      aria-label={t("predict.resultTitle")}
      aria-live="polite"
      aria-busy={isPending}
    >
      {isPending ? (
        <Working />
      ) : error ? (
        <Problem error={error} onRetry={onRetry} />
      ) : outcome ? (
        <ResultView outcome={outcome} />
      ) : (
        <Notice icon={<PictureIcon />} title={t("predict.waitingTitle")}>
          <p>{t("predict.waitingText")}</p>
        </Notice>
      )}
    </section>
  );
}

/** The outline of the answer to come. */
function Working() {
  const { t } = useTranslation();
  return (
    <div className={css.working} data-testid="working">
      <span className="visually-hidden">{t("predict.working")}</span>
      <div className={`skeleton ${css.headline}`} />
      <div className={`skeleton ${css.chart}`} />
      <div className={`skeleton ${css.facts}`} />
    </div>
  );
}
