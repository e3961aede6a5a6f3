import { useTranslation } from "react-i18next";
import { NavLink } from "react-router";

const TABS = [
  ["/predict", "cloud"],
  ["/device", "device"],
] as const;

/** Where an image is classified: by the function in the cloud, or by this browser. */
export function PredictTabs() {
  const { t } = useTranslation();
  return (
    <nav className="tabs" aria-label={t("predict.views")}>
      {TABS.map(([path, name]) => (
        <NavLink key={path} to={path} className="tab" data-testid={`predict-tab-${name}`}>
          {t(`predict.tabs.${name}`)}
        </NavLink>
      ))}
    </nav>
  );
}
