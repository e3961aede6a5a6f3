import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import { NavLink, Outlet } from "react-router";

import { useSession } from "../auth/session";
import {
  AccuracyIcon,
  HistoryIcon,
  LiveIcon,
  Logo,
  ModelsIcon,
  PredictIcon,
  TrainingIcon,
} from "../ui/icons";
import { LanguageSwitch } from "../ui/LanguageSwitch";
import { PageSkeleton } from "../ui/notice/PageSkeleton";
import { ModelBadge } from "./ModelBadge";
import { PAGE_NAMES, PAGES } from "./pages";
import css from "./Shell.module.css";
import { ThemeSwitch } from "./ThemeSwitch";

const ICONS = {
  live: LiveIcon,
  predict: PredictIcon,
  history: HistoryIcon,
  accuracy: AccuracyIcon,
  models: ModelsIcon,
  training: TrainingIcon,
};

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
            {PAGE_NAMES.map((name) => {
              const Icon = ICONS[name];
              return (
                <NavLink
                  key={name}
                  to={PAGES[name].path}
                  end={name === "live"}
                  className={css.link ?? ""}
                  data-testid={`nav-${name}`}
                >
                  <Icon className={css.linkIcon} />
                  {t(`app.${name}`)}
                </NavLink>
              );
            })}
          </nav>
          <div className={css.tools}>
            <ModelBadge />
            <ThemeSwitch />
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
        <Suspense fallback={<PageSkeleton />}>
          <Outlet context={stage} />
        </Suspense>
      </main>
    </>
  );
}
