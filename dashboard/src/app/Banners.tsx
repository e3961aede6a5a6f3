import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useBudgetStop } from "../access/useBudgetStop";
import { useMe } from "../access/useMe";
import { useReach } from "../access/useReach";
import { roleText } from "../i18n/texts";
import { Banner } from "../ui/notice/Banner";
import { BudgetBanner } from "./BudgetBanner";

/** What limits the caller on every page. */
export function Banners() {
  const { t } = useTranslation();
  const me = useMe();
  const stop = useBudgetStop();
  const reach = useReach();
  return (
    <>
      {reach !== "reached" && (
        <Banner tone="bad" testId="not-reached">
          <strong>{t(`reach.${reach}`)}</strong>
          <span>{t(`reach.${reach}Text`)}</span>
        </Banner>
      )}
      {stop && <BudgetBanner stop={stop} />}
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
