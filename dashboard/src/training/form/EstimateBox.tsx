import { useTranslation } from "react-i18next";
import type { Job, TrainingOptions } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { duration, money } from "../../i18n/format";
import type { Draft } from "./draft";
import css from "./EstimateBox.module.css";
import { type Estimate, estimate } from "./estimate";
import { network } from "./goals";
import type { Counted } from "./useDatasets";

/** What a job should take, else the most that it can. */
export interface Expected {
  likely: Estimate | null;
  most: number;
  hours: number;
  /** On the computer of the local cloud, at no cost. */
  local: boolean;
  prices: TrainingOptions["prices"];
}

/** Estimated from similar jobs, else the upper limit of the cost. */
export function expectedCost(
  options: TrainingOptions,
  draft: Draft,
  counted: Counted | undefined,
  past: readonly Job[],
): Expected {
  const imagesOf = ({ config }: Job) => {
    if (config.dataset === null) {
      return options.datasets.find(({ prefix }) => prefix === config.data)?.images;
    }
    return config.dataset === draft.dataset ? counted?.images : undefined;
  };
  const chosen = options.instances.find(({ type }) => type === draft.instance);
  const likely = estimate(
    { config: draft.config, on_demand: draft.onDemand },
    network(draft, options).epochs,
    counted?.images ?? 0,
    chosen ?? options.instances[0],
    past,
    imagesOf,
  );
  const rates = (chosen ? [chosen] : options.instances).map((machine) =>
    draft.onDemand ? machine.usd_per_hour : machine.usd_per_hour_spot,
  );
  const most = Math.min(draft.budget, Math.max(...rates, 0) * draft.maxHours);
  return {
    likely,
    most: Number.isFinite(most) ? most : 0,
    hours: draft.maxHours,
    local: options.runs_on === "local",
    prices: options.prices,
  };
}

/** Writes `Expected` as a line. */
export function usePrice(): (expected: Expected) => string {
  const { t } = useTranslation();
  const language = useLanguage();
  return ({ likely, most, hours, local }) => {
    if (local) return t("training.costsNothing", { cost: money(0, "USD", language), hours });
    return likely
      ? t("training.estimate", {
          time: duration(likely.seconds, language),
          cost: money(likely.usd, "USD", language),
        })
      : t("training.atMost", { cost: money(most, "USD", language), hours });
  };
}

/** Time and cost of the job, and where they come from. */
export function EstimateBox({ expected, epochs }: { expected: Expected; epochs: number }) {
  const { t } = useTranslation();
  const price = usePrice();
  return (
    <div className={css.box} data-testid="estimate">
      <p className={css.figure}>{price(expected)}</p>
      <p className="muted small">
        {expected.likely
          ? t("training.estimateFrom", { jobs: expected.likely.jobs, epochs })
          : t(expected.local ? "training.noEstimateLocal" : "training.noEstimate", { epochs })}
        {!expected.local && (
          <>
            {" "}
            {expected.prices.instead_of !== null &&
              `${t("training.pricesInstead", { asked: expected.prices.instead_of, region: expected.prices.region })} `}
            {t("training.pricesOf", {
              region: expected.prices.region,
              date: expected.prices.looked_up,
            })}
          </>
        )}
      </p>
    </div>
  );
}
