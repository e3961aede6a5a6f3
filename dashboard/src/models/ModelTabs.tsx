import { useTranslation } from "react-i18next";
import { NavLink } from "react-router";

const TABS = [
  ["/models", "versions"],
  ["/models/backfills", "backfills"],
] as const;

/** From the versions to what they classify of a bucket that is full already. */
export function ModelTabs() {
  const { t } = useTranslation();
  return (
    <nav className="tabs" aria-label={t("models.views")}>
      {TABS.map(([path, name]) => (
        <NavLink
          key={path}
          to={path}
          end={name === "versions"}
          className="tab"
          data-testid={`models-tab-${name}`}
        >
          {t(`models.tabs.${name}`)}
        </NavLink>
      ))}
    </nav>
  );
}
