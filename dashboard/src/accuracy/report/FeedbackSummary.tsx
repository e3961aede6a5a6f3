import { useTranslation } from "react-i18next";

import type { ModelFeedback } from "../../api/types";
import { useLanguage } from "../../i18n";
import { percent, whole } from "../../i18n/format";

/** How often people said that the version was right, and what that leaves out. */
export function FeedbackSummary({ feedback }: { feedback: ModelFeedback | undefined }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const queue = feedback?.queue;
  if (!feedback || feedback.n + feedback.queue.n === 0) return null;
  const share = (value: number) => percent(value, language);
  return (
    <p className="small" data-testid="feedback-summary">
      {feedback.n > 0 &&
        t("accuracy.byFeedback", {
          share: share(feedback.correct / feedback.n),
          n: whole(feedback.n, language),
          low: share(feedback.low),
          high: share(feedback.high),
        })}{" "}
      {queue &&
        queue.n > 0 &&
        t("accuracy.byQueue", {
          share: share(queue.correct / queue.n),
          n: whole(queue.n, language),
        })}
    </p>
  );
}
