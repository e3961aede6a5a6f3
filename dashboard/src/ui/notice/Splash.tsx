import { useTranslation } from "react-i18next";

import { Logo } from "../icons";
import css from "./Splash.module.css";

/** Shown until the configuration and the sign-in are known. */
export function Splash() {
  const { t } = useTranslation();
  return (
    <div className={css.splash} role="status" aria-label={t("app.loading")}>
      <Logo className={css.logo} />
    </div>
  );
}
