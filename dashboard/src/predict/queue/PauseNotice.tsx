import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { moment, whole } from "../../i18n/format";
import { Banner } from "../../ui/notice/Banner";
import { Problem } from "../../ui/notice/Problem";
import css from "./PauseNotice.module.css";
import type { Pause } from "./queue";

interface PauseNoticeProps {
  pause: Pause;
  /** Images that were not sent. */
  waiting: number;
  onResume: () => void;
}

/** That a quota holds the images back, and whether they go on by themselves. */
export function PauseNotice({ pause: { error, resumesAt }, waiting, onResume }: PauseNoticeProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  if (resumesAt !== null) {
    return (
      <Banner tone="unsure" testId="queue-waits">
        {t("predict.queueWaits", { time: moment(resumesAt, language) })}
      </Banner>
    );
  }
  return (
    <section className={`card panel ${css.notice}`} data-testid="queue-stopped">
      <Problem error={error}>
        <p>{t("predict.queueStopped", { n: whole(waiting, language) })}</p>
      </Problem>
      <div>
        <button type="button" className="button" onClick={onResume}>
          {t("predict.queueGoOn")}
        </button>
      </div>
    </section>
  );
}
