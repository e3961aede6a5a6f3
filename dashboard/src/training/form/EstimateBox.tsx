import { useTranslation } from "react-i18next";

import type { Job, TrainingOptions } from "../../api/types";
import { useLanguage } from "../../i18n";
import { duration, money } from "../../i18n/format";
import type { Draft } from "./draft";
import { estimate } from "./estimate";
import css from "./EstimateBox.module.css";
import { totalEpochs } from "./settings";

interface EstimateBoxProps {
  options: TrainingOptions;
  draft: Draft;
  past: readonly Job[];
}

/** Time and cost estimated from similar jobs, else the upper limit of the cost. */
export function EstimateBox({ options, draft, past }: EstimateBoxProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const config = options.configs.find(({ name }) => name === draft.config);
  const images = (data: string) => options.datasets.find(({ prefix }) => prefix === data)?.images;
  const chosen = options.instances.find(({ type }) => type === draft.instance);
  const instance = chosen ?? options.instances[0];
  const epochs = config ? totalEpochs(config, draft.recipe || config.recipe, draft.set) : 0;
  const expected = estimate(
    { config: draft.config, on_demand: draft.onDemand },
    epochs,
    images(draft.data) ?? 0,
    instance,
    past,
    images,
  );
  const rates = (chosen ? [chosen] : options.instances).map((machine) =>
    draft.onDemand ? machine.usd_per_hour : machine.usd_per_hour_spot,
  );
  const most = Math.min(draft.budget, Math.max(...rates, 0) * draft.maxHours);
  return (
    <div className={css.box} data-testid="estimate">
      {expected ? (
        <p className={css.figure}>
          {t("training.estimate", {
            time: duration(expected.seconds, language),
            cost: money(expected.usd, "USD", language),
          })}
        </p>
      ) : (
        <p className={css.figure}>
          {t("training.atMost", {
            cost: money(Number.isFinite(most) ? most : 0, "USD", language),
            hours: draft.maxHours,
          })}
        </p>
      )}
      <p className="muted small">
        {expected
          ? t("training.estimateFrom", { jobs: expected.jobs, epochs })
          : t("training.noEstimate", { epochs })}
      </p>
    </div>
  );
}
