import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ModelName } from "visionflow-client";

import { useLabelChoices } from "../../registry/useLabels";
import { Combobox } from "../../ui/combobox/Combobox";
import css from "./FeedbackForm.module.css";

/** As `MAX_LABEL` of `visionflow/labels.py`. */
const MAX_LABEL = 120;

interface FormProps {
  busy: boolean;
  onCancel: () => void;
  onSave: (label: string) => void;
}

interface LabelPickerProps extends FormProps {
  /** The versions that answered: they may name what the one in service cannot. */
  models: readonly (ModelName | null)[];
  /** Labels that are offered even where a version is gone. */
  others: readonly string[];
  suggested: string | null;
  /** Opens its list above itself, where the page ends below. */
  upward?: boolean;
}

/** One of the labels of the versions that answered. */
export function LabelPicker(props: LabelPickerProps) {
  const { models, others, suggested, upward = false, ...form } = props;
  const { t } = useTranslation();
  const labels = useLabelChoices(models, others);
  const [label, setLabel] = useState(suggested);
  return (
    <LabelForm {...form} label={label}>
      <Combobox
        name={t("feedback.right")}
        hideName
        choices={labels}
        value={label}
        onChange={setLabel}
        placeholder={t("feedback.pick")}
        testId="feedback-label"
        upward={upward}
      />
    </LabelForm>
  );
}

/** A class that no version knows yet. */
export function NewClass(form: FormProps) {
  const { t } = useTranslation();
  const [label, setLabel] = useState("");
  return (
    <LabelForm {...form} label={label.trim() === "" ? null : label.trim()}>
      <label className="field">
        <span className="visually-hidden">{t("feedback.newName")}</span>
        <input
          className="input"
          value={label}
          maxLength={MAX_LABEL}
          placeholder={t("feedback.newName")}
          onChange={({ target }) => {
            setLabel(target.value);
          }}
          data-testid="feedback-new-name"
        />
      </label>
    </LabelForm>
  );
}

function LabelForm({
  label,
  busy,
  onCancel,
  onSave,
  children,
}: FormProps & { label: string | null; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <form
      className={css.picker}
      onSubmit={(event) => {
        event.preventDefault();
        if (label !== null && !busy) onSave(label);
      }}
    >
      {children}
      <button
        type="submit"
        className="button primary"
        disabled={busy || label === null}
        data-testid="feedback-save"
      >
        {t("feedback.save")}
      </button>
      <button type="button" className="button" onClick={onCancel} data-testid="feedback-cancel">
        {t("app.cancel")}
      </button>
    </form>
  );
}
