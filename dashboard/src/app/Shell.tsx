import { useTranslation } from "react-i18next";
import { NavLink, Outlet } from "react-router";

import { useSession } from "../auth/session";
import { Logo } from "../ui/icons";
import { LanguageSwitch } from "./LanguageSwitch";
import { ModelBadge } from "./ModelBadge";
import css from "./Shell.module.css";

export function Shell({ stage }: { stage: string }) {
  const { t } = useTranslation();
  const session = useSession();
  return (
    <>
      <a
        className={css.skip}
        href="#content"
        onClick={(event) => {
          event.preventDefault(); // the hash belongs to the router
          document.getElementById("content")?.focus();
        }}
      >
        {t("app.skip")}
      </a>
      <header className={css.header}>
        <div className={css.bar}>
          <span className={css.brand}>
            <Logo className={css.logo} />
            VisionFlow
            {stage !== "prod" && (
              <span className={css.stage} title={t("app.stage", { stage })}>
                {stage}
              </span>
            )}
          </span>
          <nav className={css.nav} aria-label={t("app.sections")}>
            <NavLink to="/" end className={css.link} data-testid="nav-predict">
              {t("app.predict")}
            </NavLink>
            <NavLink to="/history" className={css.link} data-testid="nav-history">
              {t("app.history")}
            </NavLink>
          </nav>
          <div className={css.tools}>
            <ModelBadge />
            <LanguageSwitch />
            {session && (
              <button
                type="button"
                className={css.signOut}
                title={session.email ?? undefined}
                onClick={() => void session.signOut()}
              >
                {t("app.signOut")}
              </button>
            )}
          </div>
        </div>
      </header>
      <main id="content" className={css.main} tabIndex={-1}>
        <Outlet />
      </main>
    </>
  );
}
