import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useMay } from "../../access/useMe";
import type { Feedback } from "../../api/types";
import { weightText } from "../../i18n/texts";
import { useLabelChoices } from "../../registry/useLabels";
import { Combobox } from "../../ui/combobox/Combobox";
import { CheckIcon } from "../../ui/icons";
import { Problem } from "../../ui/notice/Problem";
import css from "./FeedbackForm.module.css";
import { useFeedback } from "./useFeedback";

interface FeedbackFormProps {
  record: {
    id: string;
    status: string;
    label: string | null;
    feedback?: Feedback | null;
  };
}

/** Confirm or correct the label of one record. All feedback stays in the record's history. */
export function FeedbackForm({ record }: FeedbackFormProps) {
  const { t } = useTranslation();
  const { id, status, label } = record;
  const { say, said: saidHere } = useFeedback(id);
  const mayGive = useMay()("POST /predictions/{id}/feedback");
  const [choosing, setChoosing] = useState(false);
  const named = status === "ok" ? label : null;
  const said: Feedback | null = saidHere ?? record.feedback ?? null;
  // The API answers what counts now: somebody's with more weight, or what was just given.
  const outweighed = say.data && say.data.label !== say.variables ? say.variables : null;
  if (said === null && !mayGive) return null;

  return (
    <section className={css.feedback} aria-label={t("feedback.title")} data-testid="feedback">
      {said && !choosing ? (
        <div className={css.said} role="status">
          <span className="chip good">
            <CheckIcon className={css.icon} />
            {said.label === label || (label !== null && said.parents.includes(label))
              ? t("feedback.confirmed", { label: said.label })
              : t("feedback.corrected", { label: said.label })}
          </span>
          <span className="muted small" data-testid="feedback-by">
            {t("feedback.by", { by: said.by, weight: weightText(t, said.weight) })}
          </span>
          {mayGive && (
            <button
              type="button"
              className="button small"
              onClick={() => {
                setChoosing(true);
              }}
            >
              {t("feedback.change")}
            </button>
          )}
        </div>
      ) : (
        <>
          <h3>{named ? t("feedback.ask", { label: named }) : t("feedback.askUnknown")}</h3>
          {named && !choosing ? (
            <div className="row">
              <button
                type="button"
                className="button small"
                disabled={say.isPending}
                onClick={() => {
                  say.mutate(named);
                }}
                data-testid="feedback-yes"
              >
                <CheckIcon />
                {t("feedback.yes")}
              </button>
              <button
                type="button"
                className="button small"
                disabled={say.isPending}
                onClick={() => {
                  setChoosing(true);
                }}
                data-testid="feedback-no"
              >
                {t("feedback.no")}
              </button>
            </div>
          ) : (
            <LabelPicker
              suggested={said?.label ?? null}
              busy={say.isPending}
              onPick={(right) => {
                say.mutate(right, {
                  onSuccess: () => {
                    setChoosing(false);
                  },
                });
              }}
            />
          )}
        </>
      )}
      {outweighed !== null && !choosing && (
        <p className="small" role="status" data-testid="feedback-outweighed">
          {t("feedback.outweighed", { label: outweighed })}
        </p>
      )}
      {say.error && <Problem error={say.error} />}
    </section>
  );
}

interface LabelPickerProps {
  suggested: string | null;
  busy: boolean;
  onPick: (label: string) => void;
}

function LabelPicker({ suggested, busy, onPick }: LabelPickerProps) {
  const { t } = useTranslation();
  const labels = useLabelChoices([suggested]);
  const [label, setLabel] = useState(suggested);
  return (
    <form
      className={css.picker}
      onSubmit={(event) => {
        event.preventDefault();
        if (label !== null) onPick(label);
      }}
    >
      <Combobox
        name={t("feedback.right")}
        hideName
        choices={labels}
        value={label}
        onChange={setLabel}
        placeholder={t("feedback.pick")}
        testId="feedback-label"
      />
      <button
        type="submit"
        className="button primary"
        disabled={busy || label === null}
        data-testid="feedback-save"
      >
        {t("feedback.save")}
      </button>
    </form>
  );
}
