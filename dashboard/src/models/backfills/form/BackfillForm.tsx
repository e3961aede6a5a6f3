import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ModelList } from "visionflow-client";

import { FaultContext, faultOf } from "../../../ui/fault/fault";
import { FaultInput } from "../../../ui/fault/FaultInput";
import formCss from "../../../ui/Form.module.css";
import { NumberField } from "../../../ui/NumberField";
import { Problem } from "../../../ui/notice/Problem";
import { comparedOf, type Draft, EMPTY, toRequest } from "./draft";
import { EstimateBox } from "./EstimateBox";
import { IntoField } from "./IntoField";
import { ModelFields } from "./ModelFields";
import { useStart } from "./useStart";

/** The fields that are always shown; the others are folded. */
const SIMPLE = new Set(["source", "models", "into"]);

interface BackfillFormProps {
  models: ModelList;
  onStarted: (id: string) => void;
}

/** What to classify, by what and into what: first an estimate, then the start. */
export function BackfillForm({ models, onStarted }: BackfillFormProps) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(EMPTY);
  const [isOpen, setOpen] = useState(false);
  const { estimate, start, known, isCounting, isPending, error, forget } = useStart(onStarted);
  const change = (changes: Partial<Draft>) => {
    forget(); // what was said of another request
    setDraft((before) => ({ ...before, ...changes }));
  };
  const fault = faultOf(error);
  const isShown = isOpen || (fault !== null && !SIMPLE.has(fault.field));
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (error) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [error]);
  const request = toRequest(draft, models);
  return (
    <FaultContext value={fault}>
      <form
        ref={form}
        className="card panel"
        aria-labelledby="backfill-start"
        onSubmit={(event) => {
          event.preventDefault();
          if (known) start(request);
          else estimate(request);
        }}
        data-testid="backfill-form"
      >
        <h2 id="backfill-start">{t("backfills.start")}</h2>
        <label className="field">
          <span className="field-name">{t("backfills.source")}</span>
          <FaultInput
            field="source"
            hint="backfill-source-hint"
            required
            spellCheck={false}
            autoComplete="off"
            placeholder="s3://"
            value={draft.source}
            onChange={({ target }) => {
              change({ source: target.value });
            }}
            data-testid="backfill-source"
          />
          <span id="backfill-source-hint" className="muted small">
            {t("backfills.sourceHint")}
          </span>
        </label>
        <ModelFields models={models} draft={draft} onChange={change} />
        <IntoField
          value={draft.into}
          filesOnly={comparedOf(draft, models) !== null}
          onChange={(into) => {
            change({ into });
          }}
        />
        <details
          open={isShown}
          onToggle={({ currentTarget }) => {
            setOpen(currentTarget.open);
          }}
        >
          <summary>{t("backfills.more")}</summary>
          {isShown && <Limits draft={draft} onChange={change} />}
        </details>
        {known && <EstimateBox start={known} budget={request.max_usd ?? null} />}
        {isCounting && (
          <p className="muted small" role="status">
            {t("backfills.counting")}
          </p>
        )}
        {error && <Problem error={error} />}
        <button
          type="submit"
          className="button primary"
          disabled={isPending || draft.source.trim() === ""}
          data-testid={known ? "backfill-start" : "backfill-count"}
        >
          {t(known ? "backfills.startButton" : "backfills.estimate")}
        </button>
      </form>
    </FaultContext>
  );
}

interface LimitsProps {
  draft: Draft;
  onChange: (changes: Partial<Draft>) => void;
}

function Limits({ draft, onChange }: LimitsProps) {
  const { t } = useTranslation();
  return (
    <div className={formCss.form}>
      <div className={formCss.fields}>
        <NumberField
          name={t("backfills.sample")}
          field="sample"
          hint={t("backfills.sampleHint")}
          value={draft.sample}
          bounds={{ min: 1, step: 1 }}
          onChange={(sample) => {
            onChange({ sample });
          }}
          testId="backfill-sample"
        />
        <NumberField
          name={t("backfills.concurrency")}
          field="concurrency"
          hint={t("backfills.concurrencyHint")}
          value={draft.concurrency}
          bounds={{ min: 1, step: 1 }}
          onChange={(concurrency) => {
            onChange({ concurrency });
          }}
          testId="backfill-concurrency"
        />
        <NumberField
          name={t("backfills.budget")}
          field="max_usd"
          hint={t("backfills.budgetHint")}
          value={draft.budget}
          bounds={{ min: 0, step: "any" }}
          onChange={(budget) => {
            onChange({ budget });
          }}
          testId="backfill-budget"
        />
      </div>
      <label className="field">
        <span className="field-name">{t("backfills.role")}</span>
        <FaultInput
          field="role"
          hint="backfill-role-hint"
          spellCheck={false}
          autoComplete="off"
          value={draft.role}
          onChange={({ target }) => {
            onChange({ role: target.value });
          }}
          data-testid="backfill-role"
        />
        <span id="backfill-role-hint" className="muted small">
          {t("backfills.roleHint")}
        </span>
      </label>
    </div>
  );
}
