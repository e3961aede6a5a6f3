import { useTranslation } from "react-i18next";
import type { ModelFeedback } from "visionflow-client";

import { FEW_IMAGES } from "../../config/limits";
import { useLanguage } from "../../i18n";
import { percent, whole } from "../../i18n/format";
import { FewImages } from "../../ui/notice/FewImages";

/** How often people said that the version was right, and what that leaves out. */
export function FeedbackSummary({ feedback }: { feedback: ModelFeedback | undefined }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const queue = feedback?.queue;
  if (!feedback || feedback.n + feedback.queue.n === 0) return null;
  const share = (value: number) => percent(value, language);
  const { n, correct } = feedback;
  return (
    <p className="small" data-testid="feedback-summary">
      {n >= FEW_IMAGES &&
        t("accuracy.byFeedback", {
          share: share(correct / n),
          n: whole(n, language),
          low: share(feedback.low),
          high: share(feedback.high),
        })}
      {n > 0 && n < FEW_IMAGES && (
        <>
          {t("accuracy.fewFeedback", { right: whole(correct, language), n: whole(n, language) })}{" "}
          <FewImages n={n} needed={FEW_IMAGES} />
        </>
      )}{" "}
      {queue &&
        queue.n > 0 &&
        t("accuracy.byQueue", {
          right: whole(queue.correct, language),
          n: whole(queue.n, language),
        })}
    </p>
  );
}
