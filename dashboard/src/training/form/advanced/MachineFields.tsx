import { useTranslation } from "react-i18next";
import type { TrainingOptions } from "visionflow-client";

import { useLanguage } from "../../../i18n";
import { money } from "../../../i18n/format";
import type { Draft } from "../draft";
import { useFault } from "../../../ui/fault/fault";
import { FaultReason } from "../../../ui/fault/FaultReason";
import css from "../JobForm.module.css";

interface MachineFieldsProps {
  options: TrainingOptions;
  draft: Draft;
  onChange: (changes: Partial<Draft>) => void;
}

/** The machine and the limits of time and cost; on the local cloud only that of time. */
export function MachineFields({ options, draft, onChange }: MachineFieldsProps) {
  const { t } = useTranslation();
  const hours = (
    <Limit
      field="max_hours"
      name={t("training.maxHours")}
      most={24}
      value={draft.maxHours}
      onChange={(maxHours) => {
        onChange({ maxHours });
      }}
      testId="job-hours"
    />
  );
  if (options.runs_on === "local") return hours;
  return (
    <>
      <Machine instances={options.instances} draft={draft} onChange={onChange} />
      <div className={css.pair}>
        {hours}
        <Limit
          field="budget_usd"
          name={t("training.budget")}
          most={500}
          value={draft.budget}
          onChange={(budget) => {
            onChange({ budget });
          }}
          testId="job-budget"
        />
      </div>
      <OnDemand draft={draft} onChange={onChange} />
    </>
  );
}

function OnDemand({ draft, onChange }: Pick<MachineFieldsProps, "draft" | "onChange">) {
  const { t } = useTranslation();
  const fault = useFault(["on_demand"]);
  return (
    <div className="field">
      <label className="check">
        <input
          type="checkbox"
          checked={draft.onDemand}
          {...fault.attributes}
          onChange={({ target }) => {
            onChange({ onDemand: target.checked });
          }}
          data-testid="job-on-demand"
        />
        {t("training.onDemand")}
      </label>
      <FaultReason reason={fault.reason} />
    </div>
  );
}

interface MachineProps extends Pick<MachineFieldsProps, "draft" | "onChange"> {
  instances: TrainingOptions["instances"];
}

function Machine({ instances, draft, onChange }: MachineProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const fault = useFault(["instance"]);
  const price = (instance: TrainingOptions["instances"][number]) =>
    money(draft.onDemand ? instance.usd_per_hour : instance.usd_per_hour_spot, "USD", language);
  return (
    <label className="field">
      <span className="field-name">{t("training.machine")}</span>
      <select
        className="input"
        value={draft.instance}
        {...fault.attributes}
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
      <FaultReason reason={fault.reason} />
    </label>
  );
}

interface LimitProps {
  /** What the API calls it. */
  field: string;
  name: string;
  most: number;
  value: number;
  onChange: (value: number) => void;
  testId: string;
}

function Limit({ field, name, most, value, onChange, testId }: LimitProps) {
  const fault = useFault([field]);
  return (
    <label className="field">
      <span className="field-name">{name}</span>
      <input
        className="input"
        type="number"
        min={0.1}
        max={most}
        step="any"
        required
        value={value}
        {...fault.attributes}
        onChange={({ target }) => {
          onChange(target.valueAsNumber);
        }}
        data-testid={testId}
      />
      <FaultReason reason={fault.reason} />
    </label>
  );
}
