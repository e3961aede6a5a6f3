import { useTranslation } from "react-i18next";

import { useFault } from "../../../ui/fault/fault";
import { FaultReason } from "../../../ui/fault/FaultReason";
import css from "../JobForm.module.css";

interface SelectProps {
  name: string;
  value: string;
  options: readonly string[];
  /** The text of an option; by default the option itself. */
  show?: (option: string) => string;
  onChange: (value: string) => void;
  /** The text of the empty option, if there is one. */
  none?: string;
  hint?: string | undefined;
  disabled?: boolean;
  testId: string;
  /** What the API calls it. */
  field: string;
}

export function Select(props: SelectProps) {
  const {
    name,
    value,
    options,
    show,
    onChange,
    none,
    hint,
    disabled = false,
    testId,
    field,
  } = props;
  const fault = useFault([field]);
  const { t } = useTranslation();
  return (
    <label className="field">
      <span className="field-name">{name}</span>
      <select
        className="input"
        value={value}
        disabled={disabled}
        {...fault.attributes}
        onChange={({ target }) => {
          onChange(target.value);
        }}
        data-testid={testId}
      >
        {none !== undefined && <option value="">{none}</option>}
        {options.length === 0 && none === undefined && <option>{t("training.nothing")}</option>}
        {options.map((option) => (
          <option key={option} value={option}>
            {show ? show(option) : option}
          </option>
        ))}
      </select>
      <FaultReason reason={fault.reason} />
      {hint !== undefined && <span className={css.hint}>{hint}</span>}
    </label>
  );
}
