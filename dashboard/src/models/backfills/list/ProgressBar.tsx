import { useTranslation } from "react-i18next";
import type { Backfill } from "visionflow-client";

import { useLanguage } from "../../../i18n";
import { whole } from "../../../i18n/format";
import css from "./ProgressBar.module.css";

/** Images with a result of those that there are; as far as they are listed or were counted. */
export function ProgressBar({ backfill: { progress, estimate } }: { backfill: Backfill }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const done = progress.listed - progress.left;
  const all = progress.listed_all ? progress.listed : Math.max(progress.listed, estimate.images);
  const isSure = progress.listed_all || estimate.exact;
  return (
    <div className={css.progress}>
      <span className="small numeric">
        {t(isSure ? "backfills.doneOf" : "backfills.doneOfLeast", {
          done: whole(done, language),
          all: whole(all, language),
        })}
      </span>
      <progress
        className={css.bar}
        value={all === 0 && progress.listed_all ? 1 : done}
        max={Math.max(all, 1)}
        aria-label={t("backfills.progress")}
      />
    </div>
  );
}
