import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { clockOffset, offsetName } from "../../i18n/offset";
import { LiveTabs } from "../LiveTabs";
import { useOverlay } from "../../ui/dialog/useOverlay";
import { Missing } from "../../ui/notice/Missing";
import { PageSkeleton } from "../../ui/notice/PageSkeleton";
import { monthName } from "./amounts";
import { BasisDialog } from "./BasisDialog";
import css from "./CostPage.module.css";
import { CostDays } from "./CostDays";
import { MonthParts } from "./MonthParts";
import { MonthTiles } from "./MonthTiles";
import { VersionCosts } from "./VersionCosts";

const EVERY_MS = 300_000;

/** The month's cost: so far, until its end, and of what. */
export default function CostPage() {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const basis = useOverlay("basis");
  const offset = clockOffset();
  const month = useQuery({
    queryKey: ["month-cost", offset],
    queryFn: ({ signal }) => api.monthCost(offset, signal),
    refetchInterval: EVERY_MS,
  });
  const cost = month.data;
  return (
    <>
      <title>{`${t("cost.title")} · VisionFlow`}</title>
      <div className="page-heading">
        <div>
          <h1>{t("cost.title")}</h1>
          <p className="muted">
            {cost
              ? t("cost.intro", {
                  month: monthName(cost.month, language),
                  zone: offsetName(cost.offset),
                })
              : t("cost.loadingIntro")}
          </p>
        </div>
        {cost && (
          <button
            type="button"
            className="button"
            onClick={() => {
              basis.open("prices");
            }}
            data-testid="cost-basis"
          >
            {t("cost.basis.open")}
          </button>
        )}
      </div>
      <LiveTabs />
      {cost ? (
        <div className="stack">
          <MonthTiles cost={cost} />
          <CostDays cost={cost} />
          <div className={css.columns}>
            <MonthParts cost={cost} />
            <VersionCosts cost={cost} />
          </div>
          {basis.value !== null && <BasisDialog cost={cost} onClose={basis.close} />}
        </div>
      ) : month.error ? (
        <section className="card panel">
          <Missing
            error={month.error}
            route="GET /costs/month"
            onRetry={() => void month.refetch()}
          />
        </section>
      ) : (
        <PageSkeleton />
      )}
    </>
  );
}
