import { useTranslation } from "react-i18next";

import { useFault } from "../../../ui/fault/fault";
import { FaultReason } from "../../../ui/fault/FaultReason";
import type { Draft } from "./draft";
import css from "./IntoField.module.css";

interface IntoFieldProps {
  value: Draft["into"];
  /** A comparison is made of files. */
  filesOnly: boolean;
  onChange: (value: Draft["into"]) => void;
}

/** Files or records, with what each means. */
export function IntoField({ value: wanted, filesOnly, onChange }: IntoFieldProps) {
  const { t } = useTranslation();
  const value = filesOnly ? "files" : wanted;
  const fault = useFault(["into"]);
  return (
    <fieldset className={css.choices}>
      <legend className="field-name">{t("backfills.into")}</legend>
      {(["files", "records"] as const).map((into) => (
        <label key={into} className={css.choice}>
          <input
            type="radio"
            name="into"
            checked={into === value}
            disabled={filesOnly && into === "records"}
            onChange={() => {
              onChange(into);
            }}
            {...(into === value && fault.attributes)}
            data-testid={`into-${into}`}
          />
          <span>
            <strong>{t(`backfills.intoNames.${into}`)}</strong>
            <span className="muted small">{t(`backfills.intoTexts.${into}`)}</span>
          </span>
        </label>
      ))}
      <FaultReason reason={fault.reason} />
    </fieldset>
  );
}
