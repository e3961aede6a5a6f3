import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useBudgetStop } from "../access/useBudgetStop";
import { useMe } from "../access/useMe";
import { roleText } from "../i18n/texts";
import { Banner } from "../ui/notice/Banner";
import { BudgetBanner } from "./BudgetBanner";
import { Outbox } from "./Outbox";
import { ReachBanner } from "./ReachBanner";

/** What limits the caller on every page. */
export function Banners() {
  const { t } = useTranslation();
  const me = useMe();
  const stop = useBudgetStop();
  return (
    <>
      <ReachBanner />
      <Outbox />
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
