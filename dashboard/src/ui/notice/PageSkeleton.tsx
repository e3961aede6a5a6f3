import { useTranslation } from "react-i18next";

import css from "./PageSkeleton.module.css";

/** A placeholder while a page's code loads. */
export function PageSkeleton() {
  const { t } = useTranslation();
  return (
    <div className={css.page} role="status" aria-label={t("app.loading")}>
      <div className={`skeleton ${css.title}`} />
      <div className={`skeleton ${css.body}`} />
    </div>
  );
}
