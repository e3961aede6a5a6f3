import { useTranslation } from "react-i18next";
import type { MonthCost } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { decimal, money, percent } from "../../i18n/format";
import { Tile } from "../../ui/Tile";
import { isMeasured } from "./amounts";
import css from "./CostPage.module.css";

/** The month in four numbers. */
export function MonthTiles({ cost }: { cost: MonthCost }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { forecast, serving, budget_usd: budget } = cost;
  const usd = (amount: number) => money(amount, cost.currency, language);
  const expected = forecast.usd ?? cost.so_far;
  const over = budget !== null && expected > budget;
  return (
    <section className={css.tiles} aria-label={t("cost.numbers")}>
      <Tile
        name={t("cost.soFar")}
        value={usd(cost.so_far)}
        note={t("cost.soFarNote", { day: cost.day, days: cost.days })}
        testId="cost-so-far"
      />
      <Tile
        name={t("cost.forecast")}
        value={forecast.usd === null ? t("cost.tooFew") : usd(forecast.usd)}
        note={
          forecast.usd === null
            ? t("cost.tooFewNote", { days: forecast.days, least: forecast.least_days })
            : t("cost.forecastNote", {
                days: forecast.days,
                images: decimal(forecast.images_per_day ?? 0, language),
              })
        }
        tone={over ? "bad" : undefined}
        testId="cost-forecast"
      />
      <Tile
        name={t("cost.per1000")}
        value={serving === null ? "–" : usd(serving.per_1000)}
        note={
          serving?.model
            ? t(isMeasured(serving) ? "cost.servingNote" : "cost.servingListed", {
                name: serving.model.name,
                version: serving.model.version,
              })
            : t("cost.noServing")
        }
        testId="cost-per-1000"
      />
      <Tile
        name={t("cost.budget")}
        value={budget === null ? t("cost.noBudget") : percent(cost.so_far / budget, language)}
        note={
          budget === null
            ? t("cost.noBudgetNote")
            : t(over ? "cost.budgetOver" : "cost.budgetNote", { budget: usd(budget) })
        }
        tone={over ? "bad" : undefined}
        testId="cost-budget"
      />
    </section>
  );
}
