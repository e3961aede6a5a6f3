import { useTranslation } from "react-i18next";

import type { TrainingOptions } from "../../../api/types";
import { useLanguage } from "../../../i18n";
import { money } from "../../../i18n/format";
import type { Draft } from "../draft";
import css from "../JobForm.module.css";

interface MachineFieldsProps {
  instances: TrainingOptions["instances"];
  draft: Draft;
  onChange: (changes: Partial<Draft>) => void;
}

/** The machine and the limits of time and cost. */
export function MachineFields({ instances, draft, onChange }: MachineFieldsProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const price = (instance: TrainingOptions["instances"][number]) =>
    money(draft.onDemand ? instance.usd_per_hour : instance.usd_per_hour_spot, "USD", language);
  return (
    <>
      <label className="field">
        <span className="field-name">{t("training.machine")}</span>
        <select
          className="input"
          value={draft.instance}
          onChange={({ target }) => {
            onChange({ instance: target.value });
          }}
          data-testid="job-instance"
        >
          <option value="">{t("training.anyMachine")}</option>
          {instances.map((instance) => (
            <option key={instance.type} value={instance.type}>
              {instance.type} · {instance.gpu ?? t("training.noGpu")} ·{" "}
              {t("training.perHour", { price: price(instance) })}
            </option>
          ))}
        </select>
      </label>
      <div className={css.pair}>
        <label className="field">
          <span className="field-name">{t("training.maxHours")}</span>
          <input
            className="input"
            type="number"
            min={0.1}
            max={24}
            step="any"
            required
            value={draft.maxHours}
            onChange={({ target }) => {
              onChange({ maxHours: target.valueAsNumber });
            }}
          />
        </label>
        <label className="field">
          <span className="field-name">{t("training.budget")}</span>
          <input
            className="input"
            type="number"
            min={0.1}
            max={500}
            step="any"
            required
            value={draft.budget}
            onChange={({ target }) => {
              onChange({ budget: target.valueAsNumber });
            }}
            data-testid="job-budget"
          />
        </label>
      </div>
      <div>
        <label className="check">
          <input
            type="checkbox"
            checked={draft.onDemand}
            onChange={({ target }) => {
              onChange({ onDemand: target.checked });
            }}
          />
          {t("training.onDemand")}
        </label>
      </div>
    </>
  );
}
