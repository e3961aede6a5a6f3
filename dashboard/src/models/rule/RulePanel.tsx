import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useApi } from "../../api/ApiContext";
import type { RollbackRule } from "../../api/types";
import { Missing } from "../../ui/notice/Missing";
import { Problem } from "../../ui/notice/Problem";
import { formOf, ruleOf, SHARES, type RuleForm } from "./rule";
import css from "./RulePanel.module.css";

const KEY = ["rule"];

/** The rule of automatic rollback: shown, edited, turned on and off. */
export function RulePanel() {
  const { t } = useTranslation();
  const api = useApi();
  const rule = useQuery({ queryKey: KEY, queryFn: ({ signal }) => api.rule(signal) });
  return (
    <section className="card panel" aria-labelledby="rule-title" data-testid="rule">
      <div>
        <div className="row">
          <h2 id="rule-title">{t("models.rule")}</h2>
          {rule.data && (
            <span className={`chip ${rule.data.enabled ? "good" : ""}`} data-testid="rule-state">
              {rule.data.enabled ? t("models.ruleOn") : t("models.ruleOff")}
            </span>
          )}
        </div>
        <p className="muted small">{t("models.ruleText")}</p>
      </div>
      {rule.data ? (
        // A change saved by another user resets the form.
        <RuleFields key={JSON.stringify(rule.data)} saved={rule.data} />
      ) : rule.error ? (
        <Missing error={rule.error} route="GET /models/rule" onRetry={() => void rule.refetch()} />
      ) : (
        <div className={`skeleton ${css.waiting}`} />
      )}
    </section>
  );
}

const TEXTS = {
  max_error_rate: ["models.ruleErrors", "models.ruleErrorsHint"],
  max_unknown_rate: ["models.ruleUnknown", "models.ruleUnknownHint"],
  max_disagreement: ["models.ruleDisagreement", "models.ruleDisagreementHint"],
} as const;

function RuleFields({ saved }: { saved: RollbackRule }) {
  const { t } = useTranslation();
  const api = useApi();
  const queries = useQueryClient();
  const [form, setForm] = useState(() => formOf(saved));
  const save = useMutation({
    mutationFn: () => api.setRule(ruleOf(form)),
    onSuccess: (rule) => {
      queries.setQueryData(KEY, rule);
    },
  });
  const change = (changes: Partial<RuleForm>) => {
    setForm((before) => ({ ...before, ...changes }));
  };
  const isSaved = JSON.stringify(form) === JSON.stringify(formOf(saved));
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <label className="check">
        <input
          type="checkbox"
          checked={form.enabled}
          onChange={({ target }) => {
            change({ enabled: target.checked });
          }}
          data-testid="rule-enabled"
        />
        {t("models.ruleEnabled")}
      </label>
      <div className={css.fields}>
        <NumberField
          name={t("models.ruleMinImages")}
          hint={t("models.ruleMinImagesHint")}
          value={form.min_images}
          bounds={{ min: 1, step: 1, required: true }}
          onChange={(min_images) => {
            change({ min_images });
          }}
          testId="rule-min_images"
        />
        {SHARES.map((share) => {
          const [name, hint] = TEXTS[share];
          return (
            <NumberField
              key={share}
              name={t(name)}
              hint={`${t(hint)} ${t("models.ruleNoLimit")}`}
              value={form[share]}
              bounds={{ min: 0, max: 99, step: "any" }}
              onChange={(text) => {
                change({ [share]: text });
              }}
              testId={`rule-${share}`}
            />
          );
        })}
      </div>
      {save.error && <Problem error={save.error} />}
      <div>
        <button
          type="submit"
          className="button"
          disabled={save.isPending || isSaved}
          data-testid="rule-save"
        >
          {t("models.ruleSave")}
        </button>
      </div>
    </form>
  );
}

interface NumberFieldProps {
  name: string;
  hint: string;
  value: string;
  bounds: { min: number; max?: number; step: number | "any"; required?: boolean };
  onChange: (text: string) => void;
  testId: string;
}

function NumberField({ name, hint, value, bounds, onChange, testId }: NumberFieldProps) {
  return (
    <div className="field">
      <label className="field">
        <span className="field-name">{name}</span>
        <input
          className="input"
          type="number"
          {...bounds}
          value={value}
          aria-describedby={`${testId}-hint`}
          onChange={({ target }) => {
            onChange(target.value);
          }}
          data-testid={testId}
        />
      </label>
      <p id={`${testId}-hint`} className="muted small">
        {hint}
      </p>
    </div>
  );
}
