import { type ReactNode, useContext, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { TrainingConfig } from "visionflow-client";

import { useLanguage } from "../../../i18n";
import { sectionText } from "../../../i18n/texts";
import { FaultContext, useFault } from "../../../ui/fault/fault";
import { FaultReason } from "../../../ui/fault/FaultReason";
import css from "../JobForm.module.css";
import { type Field, fieldGroups, isSetting, NAME, type Setting, VERSION } from "../settings";

interface SettingsFieldsProps {
  config: TrainingConfig;
  recipe: string;
  recipes: readonly string[];
  /** What the model is called unless its name is set; `null` for the configuration's name. */
  usualName: string | null;
  set: Record<string, unknown>;
  /** Whether a field cannot be changed. */
  isFixed: (name: string) => boolean;
  onChange: (set: Record<string, unknown>) => void;
}

/** Every hyperparameter with its default and its meaning; only changes are sent. */
export function SettingsFields(props: SettingsFieldsProps) {
  const { config, recipe, recipes, usualName, set, isFixed, onChange } = props;
  const { t } = useTranslation();
  const { main, others } = useMemo(
    () => fieldGroups(config, recipe, recipes),
    [config, recipe, recipes],
  );
  const change = ({ name, value: usual }: Field, value: Setting) => {
    const kept = Object.fromEntries(Object.entries(set).filter(([known]) => known !== name));
    onChange(value === usual ? kept : { ...kept, [name]: value });
  };
  const inputs = (fields: readonly Field[]) => (
    <div className={css.fields}>
      {fields.map((one) => {
        const named = one.name === NAME && usualName !== null;
        const field = named ? { ...one, value: usualName } : one;
        const changed = set[field.name];
        return (
          <SettingInput
            key={field.name}
            field={field}
            value={isSetting(changed) ? changed : field.value}
            fixed={isFixed(field.name)}
            onChange={(value) => {
              change(field, value);
            }}
          />
        );
      })}
    </div>
  );
  return (
    <div data-testid="settings">
      {inputs(main)}
      {others.map(({ name, fields }) => {
        const changed = fields.filter((field) => field.name in set).length;
        return (
          <Fold
            key={name}
            fields={fields.map((field) => `set.${field.name}`)}
            title={
              t("training.group", { name: sectionText(t, name), fields: fields.length }) +
              (changed > 0 ? ` · ${t("training.changed", { changed })}` : "")
            }
          >
            {inputs(fields)}
          </Fold>
        );
      })}
    </div>
  );
}

interface FoldProps {
  title: string;
  /** What the API calls its fields. */
  fields: readonly string[];
  children: ReactNode;
}

/** Renders its many fields only while it is open, which it is where one of them was refused. */
function Fold({ title, fields, children }: FoldProps) {
  const [wasOpened, setOpen] = useState(false);
  const fault = useContext(FaultContext);
  const isOpen = wasOpened || (fault !== null && fields.includes(fault.field));
  return (
    <details
      className={css.group}
      open={isOpen}
      onToggle={({ currentTarget }) => {
        setOpen(currentTarget.open);
      }}
    >
      <summary>{title}</summary>
      {isOpen && children}
    </details>
  );
}

interface SettingInputProps {
  field: Field;
  value: Setting;
  fixed: boolean;
  onChange: (value: Setting) => void;
}

function SettingInput({
  field: { name, value: usual, choices, label, about },
  value,
  fixed,
  onChange,
}: SettingInputProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const hintId = `setting-${name}-hint`;
  const fault = useFault([`set.${name}`], hintId);
  const hint = (
    <span id={hintId} className={css.hint}>
      {`${about[language]} `}
      {fixed
        ? t("training.inherited")
        : name === VERSION
          ? t("training.usualVersion")
          : t("training.usual", { value: String(usual) })}
    </span>
  );
  if (typeof usual === "boolean") {
    return (
      <div className="field">
        <label className="check">
          <input
            type="checkbox"
            checked={value === true}
            disabled={fixed}
            {...fault.attributes}
            onChange={({ target }) => {
              onChange(target.checked);
            }}
            data-testid={`setting-${name}`}
          />
          {label[language]}
        </label>
        <FaultReason reason={fault.reason} />
        {hint}
      </div>
    );
  }
  const isNumber = typeof usual === "number";
  const shared = {
    className: `input ${value === usual ? "" : css.changed}`,
    disabled: fixed,
    value: String(value),
    "data-testid": `setting-${name}`,
    ...fault.attributes,
  };
  if (choices) {
    return (
      <label className="field">
        <span className="field-name">{label[language]}</span>
        <select
          {...shared}
          onChange={({ target }) => {
            onChange(target.value);
          }}
        >
          {choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
        <FaultReason reason={fault.reason} />
        {hint}
      </label>
    );
  }
  return (
    <label className="field">
      <span className="field-name">{label[language]}</span>
      <input
        {...shared}
        type={isNumber ? "number" : "text"}
        step="any"
        required={isNumber}
        onChange={({ target }) => {
          onChange(isNumber && target.value !== "" ? target.valueAsNumber : target.value);
        }}
      />
      <FaultReason reason={fault.reason} />
      {hint}
    </label>
  );
}
