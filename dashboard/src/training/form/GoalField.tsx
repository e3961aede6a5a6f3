import { useTranslation } from "react-i18next";
import type { Job, TrainingOptions } from "visionflow-client";

import type { Draft } from "./draft";
import { expectedCost, usePrice } from "./EstimateBox";
import css from "./GoalField.module.css";
import { GOALS, isAsGoal, isOffered, network, preset } from "./goals";
import type { Counted } from "./useDatasets";

interface GoalFieldProps {
  options: TrainingOptions;
  draft: Draft;
  counted: Counted | undefined;
  past: readonly Job[];
  onChange: (changes: Partial<Draft>) => void;
}

/** Quality or speed: what each takes, and what it costs. */
export function GoalField({ options, draft, counted, past, onChange }: GoalFieldProps) {
  const { t } = useTranslation();
  const price = usePrice();
  const grows = draft.growFrom !== "";
  const chosen = isAsGoal(draft) ? draft.goal : null;
  return (
    <fieldset className={css.goals} disabled={grows}>
      <legend className="field-name">{t("training.goal")}</legend>
      {GOALS.filter((goal) => isOffered(goal, options)).map((goal) => {
        const wanted = { ...draft, ...preset(goal) };
        const cost = expectedCost(options, wanted, counted, past);
        return (
          <label key={goal} className={css.goal} data-testid={`goal-${goal}`}>
            <input
              type="radio"
              name="goal"
              checked={chosen === goal}
              onChange={() => {
                onChange({ goal, ...preset(goal) });
              }}
            />
            <span>
              <strong>{t(`training.goals.${goal}`)}</strong>
              <span className="small muted">
                {t(`training.goalTexts.${goal}`, network(wanted, options))}
              </span>
              <span className="small numeric">{price(cost)}</span>
            </span>
          </label>
        );
      })}
      {chosen === null && (
        <p className="small muted" role="status" data-testid="goal-own">
          {t(grows ? "training.goalGrown" : "training.goalOwn")}
        </p>
      )}
    </fieldset>
  );
}
