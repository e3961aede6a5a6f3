import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import type { Feed } from "../../records/feed/useFeed";
import { Problem } from "../../ui/notice/Problem";
import css from "./OlderBar.module.css";

/** The number of shown records, and a button for older ones. */
export function OlderBar({ feed }: { feed: Feed }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { rows, isLoading, hasOlder, isLoadingOlder, olderError, loadOlder } = feed;
  if (isLoading || (rows.length === 0 && !hasOlder)) return null;
  const count = whole(rows.length, language);
  return (
    <div className={css.bar}>
      <p className="muted" data-testid="history-count">
        {t("history.shown", { shown: count })}
      </p>
      {olderError ? (
        <Problem error={olderError} onRetry={loadOlder} />
      ) : hasOlder ? (
        <button
          type="button"
          className={`button ${css.more}`}
          disabled={isLoadingOlder}
          onClick={loadOlder}
          data-testid="load-more"
        >
          {isLoadingOlder ? t("history.loadingMore") : t("history.loadMore")}
        </button>
      ) : (
        <p className="muted" data-testid="history-end">
          {t("history.end")}
        </p>
      )}
    </div>
  );
}
