import { useTranslation } from "react-i18next";

import css from "./JobForm.module.css";

interface SelectProps {
  name: string;
  value: string;
  options: readonly string[];
  /** How an option is shown, where not as it is. */
  show?: (option: string) => string;
  onChange: (value: string) => void;
  /** The name of choosing nothing, where that is possible. */
  none?: string;
  /** In English, as the API has it. */
  hint?: string | undefined;
  testId: string;
}

export function Select({ name, value, options, show, onChange, none, hint, testId }: SelectProps) {
  const { t } = useTranslation();
  return (
    <label className="field">
      <span className="field-name">{name}</span>
      <select
        className="input"
        value={value}
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
      {hint !== undefined && (
        <span className={css.hint} lang="en">
          {hint}
        </span>
      )}
    </label>
  );
}
