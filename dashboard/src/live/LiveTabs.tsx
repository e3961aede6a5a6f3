import { useTranslation } from "react-i18next";
import { NavLink } from "react-router";

const TABS = [
  ["/", "now"],
  ["/over-time", "overTime"],
  ["/cost", "cost"],
] as const;

/** From what happens now to the days before, and to what it costs. */
export function LiveTabs() {
  const { t } = useTranslation();
  return (
    <nav className="tabs" aria-label={t("live.views")}>
      {TABS.map(([path, name]) => (
        <NavLink key={path} to={path} end className="tab" data-testid={`live-tab-${name}`}>
          {t(`live.tabs.${name}`)}
        </NavLink>
      ))}
    </nav>
  );
}
