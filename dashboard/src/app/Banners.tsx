import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useBudgetStop } from "../access/useBudgetStop";
import { useMe } from "../access/useMe";
import { useLanguage } from "../i18n";
import { moment } from "../i18n/format";
import { roleText } from "../i18n/texts";
import { Banner } from "../ui/notice/Banner";

/** What limits the caller on every page. */
export function Banners() {
  const { t } = useTranslation();
  const language = useLanguage();
  const me = useMe();
  const stop = useBudgetStop();
  return (
    <>
      {stop && (
        <Banner tone="bad" testId="budget-stopped">
          <strong>{t("app.budgetStopped")}</strong>
          {stop.retryAt !== null && (
            <span>{t("app.budgetUntil", { time: moment(stop.retryAt, language) })}</span>
          )}
        </Banner>
      )}
      {me && me.waiting_roles.length > 0 && (
        <Banner tone="unsure" testId="factor-waits">
          <span>
            {t("app.waits", { role: me.waiting_roles.map((role) => roleText(t, role)).join(", ") })}
          </span>
          <Link to="/account">{t("app.enrol")}</Link>
        </Banner>
      )}
    </>
  );
}
