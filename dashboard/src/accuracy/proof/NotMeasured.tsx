import { useTranslation } from "react-i18next";

import { AccuracyIcon } from "../../ui/icons";
import { Notice } from "../../ui/notice/Notice";
import { ServerText } from "../../ui/notice/ServerText";

interface NotMeasuredProps {
  /** Instead of the sentence for versions that are older than the measurement. */
  title?: string;
  text?: string;
  /** Training's own reason, in English. */
  reason?: string;
}

/** In place of a section that the report lacks. */
export function NotMeasured({ title, text, reason }: NotMeasuredProps) {
  const { t } = useTranslation();
  return (
    <section className="card panel">
      <Notice icon={<AccuracyIcon />} title={title ?? t("proof.notMeasured")} testId="not-measured">
        {reason === undefined ? (
          text !== "" && <p>{text ?? t("proof.notMeasuredText")}</p>
        ) : (
          <p>
            <ServerText text={reason} />
          </p>
        )}
      </Notice>
    </section>
  );
}
