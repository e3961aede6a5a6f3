import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { ImageIcon } from "../ui/icons";
import { Notice } from "../ui/notice/Notice";
import css from "./EmptyHistory.module.css";

export function EmptyHistory({ filtered }: { filtered: boolean }) {
  const { t } = useTranslation();
  return (
    <div className={css.empty}>
      {filtered ? (
        <Notice icon={<ImageIcon />} title={t("history.noMatchTitle")} testId="history-no-match">
          <p>{t("history.noMatchText")}</p>
        </Notice>
      ) : (
        <Notice icon={<ImageIcon />} title={t("history.emptyTitle")} testId="history-empty">
          <p>{t("history.emptyText")}</p>
          <Link to="/predict" className="button primary">
            {t("history.emptyAction")}
          </Link>
        </Notice>
      )}
    </div>
  );
}
