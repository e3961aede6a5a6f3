import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import { NavLink, Outlet } from "react-router";

import { useMay } from "../access/useMe";
import { useSession } from "../auth/session";
import {
  AccuracyIcon,
  DataIcon,
  HistoryIcon,
  LiveIcon,
  Logo,
  ModelsIcon,
  PersonIcon,
  PredictIcon,
  ShieldIcon,
  TrainingIcon,
} from "../ui/icons";
import { LanguageSwitch } from "../ui/LanguageSwitch";
import { PageSkeleton } from "../ui/notice/PageSkeleton";
import { Banners } from "./Banners";
import { ModelBadge } from "./ModelBadge";
import { PAGES } from "./pages";
import css from "./Shell.module.css";
import { ThemeSwitch } from "./ThemeSwitch";

/** The icons of the pages in the navigation. */
const ICONS = {
  live: LiveIcon,
  predict: PredictIcon,
  history: HistoryIcon,
  accuracy: AccuracyIcon,
  models: ModelsIcon,
  data: DataIcon,
  training: TrainingIcon,
  access: ShieldIcon,
};

const SECTIONS = Object.keys(ICONS) as (keyof typeof ICONS)[];

export function Shell({ stage }: { stage: string }) {
  const { t } = useTranslation();
  const session = useSession();
  const may = useMay();
  const sections = SECTIONS.filter((name) => name !== "access" || may("GET /keys"));
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
            {sections.map((name) => {
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
            <NavLink
              to={PAGES.account.path}
              className={css.tool ?? ""}
              title={session?.email ?? undefined}
              data-testid="nav-account"
            >
              <PersonIcon className={css.toolIcon} />
              <span className={css.toolText}>{t("app.account")}</span>
            </NavLink>
            {session && (
              <button
                type="button"
                className={`${css.tool} ${css.signOut}`}
                onClick={() => void session.signOut()}
                data-testid="sign-out"
              >
                {t("app.signOut")}
              </button>
            )}
          </div>
        </div>
      </header>
      <main id="content" className={css.main} tabIndex={-1}>
        <Banners />
        <Suspense fallback={<PageSkeleton />}>
          <Outlet context={stage} />
        </Suspense>
      </main>
    </>
  );
}
