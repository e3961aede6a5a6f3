import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, type Dataset, type DatasetDetails, type Flow } from "visionflow-client";

import { NEEDS } from "../../access/scopes";
import { useMay, useMe } from "../../access/useMe";
import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { useModels } from "../../registry/useModels";
import { FaultContext, faultOf } from "../../ui/fault/fault";
import { MissingScope } from "../../ui/notice/MissingScope";
import { Problem } from "../../ui/notice/Problem";
import { NumberField } from "../../ui/NumberField";
import formCss from "../../ui/Form.module.css";
import css from "./FlowCard.module.css";

interface FlowCardProps {
  dataset: Dataset;
  /** Images that came in today. */
  today: number;
}

const ROUTE = "POST /datasets/{name}/flow";
const KINDS = ["uncertain", "unfamiliar", "corrected"] as const;
const MOST_PER_DAY = 1000;
const USUAL: Flow = { kinds: ["uncertain", "corrected"], model: null, per_day: 50, train: false };

/** The rule by which records of the history come into the dataset, folded until it is wanted. */
export function FlowCard({ dataset, today }: FlowCardProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { name, flow } = dataset;
  const n = (value: number) => whole(value, language);
  return (
    <section className="card panel" aria-labelledby="flow-title" data-testid="flow">
      <details className={css.details}>
        <summary data-testid="flow-open">
          <h2 id="flow-title">{t("data.flow.title")}</h2>
          <span className={`chip ${flow ? "good" : ""}`} data-testid="flow-state">
            {t(flow ? "models.ruleOn" : "models.ruleOff")}
          </span>
          {flow && (
            <span className="small numeric" data-testid="flow-today">
              {t("data.flow.today", { today: n(today), cap: n(flow.per_day) })}
            </span>
          )}
        </summary>
        {/* A change saved by another user resets the form. */}
        <FlowForm key={JSON.stringify(flow)} name={name} saved={flow} />
      </details>
    </section>
  );
}

function FlowForm({ name, saved }: { name: string; saved: Flow | null }) {
  const { t } = useTranslation();
  const api = useApi();
  const queries = useQueryClient();
  const me = useMe();
  const mayWrite = useMay()(ROUTE);
  const first = saved ?? USUAL;
  const [kinds, setKinds] = useState(first.kinds);
  const [model, setModel] = useState(first.model);
  const [perDay, setPerDay] = useState(String(first.per_day));
  const [train, setTrain] = useState(first.train);
  const isSaved =
    perDay === String(saved?.per_day) &&
    model === saved?.model &&
    train === saved.train &&
    KINDS.every((kind) => kinds.includes(kind) === saved.kinds.includes(kind));
  const flow: Flow = { kinds, model, per_day: Number(perDay), train };
  const models = useModels().data?.items.map((item) => item.name) ?? [];
  const names = [...new Set([...models, ...(model === null ? [] : [model])])].sort();
  const save = useMutation({
    mutationFn: (wanted: Flow | null) => (wanted ? api.setFlow(name, wanted) : api.endFlow(name)),
    onSuccess: (dataset) => {
      queries.setQueryData<DatasetDetails>(
        ["dataset", name],
        (known) => known && { ...known, dataset },
      );
    },
  });
  // Who has the scope is refused only where each user sees their own records.
  const seesOwnOnly =
    save.error instanceof ApiError &&
    save.error.code === "forbidden" &&
    me?.scopes.includes(NEEDS[ROUTE]);
  return (
    <form
      className={formCss.form}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(flow);
      }}
    >
      <p className="muted small">{t("data.flow.text")}</p>
      <p className="muted small">{t("data.flow.labels")}</p>
      <fieldset className={`${formCss.form} ${formCss.plain}`} disabled={!mayWrite}>
        <fieldset className={`${css.kinds} ${formCss.plain}`}>
          <legend className="field-name">{t("data.flow.kinds")}</legend>
          {KINDS.map((kind) => (
            <div key={kind}>
              <label className="check">
                <input
                  type="checkbox"
                  checked={kinds.includes(kind)}
                  aria-describedby={`flow-${kind}`}
                  onChange={({ target }) => {
                    setKinds(
                      KINDS.filter((one) => (one === kind ? target.checked : kinds.includes(one))),
                    );
                  }}
                  data-testid={`flow-kind-${kind}`}
                />
                {t(`data.flow.kind.${kind}`)}
              </label>
              <p id={`flow-${kind}`} className={`muted small ${css.hint}`}>
                {t(`data.flow.why.${kind}`)}
              </p>
            </div>
          ))}
          {kinds.length === 0 && (
            <p className="error-text small" role="alert">
              {t("data.flow.needKind")}
            </p>
          )}
        </fieldset>
        <FaultContext value={faultOf(save.error)}>
          <div className={formCss.fields}>
            <label className="field">
              <span className="field-name">{t("data.flow.model")}</span>
              <select
                className="input"
                value={model ?? ""}
                onChange={({ target }) => {
                  setModel(target.value === "" ? null : target.value);
                }}
                data-testid="flow-model"
              >
                <option value="">{t("data.flow.anyModel")}</option>
                {names.map((one) => (
                  <option key={one}>{one}</option>
                ))}
              </select>
            </label>
            <NumberField
              name={t("data.flow.perDay")}
              field="per_day"
              hint={t("data.flow.perDayHint")}
              value={perDay}
              bounds={{ min: 1, max: MOST_PER_DAY, step: 1, required: true }}
              onChange={setPerDay}
              testId="flow-per-day"
            />
          </div>
        </FaultContext>
        <div>
          <label className="check">
            <input
              type="checkbox"
              checked={train}
              aria-describedby="flow-train-hint"
              onChange={({ target }) => {
                setTrain(target.checked);
              }}
              data-testid="flow-train"
            />
            {t("data.flow.train")}
          </label>
          <p id="flow-train-hint" className={`muted small ${css.hint}`}>
            {t("data.flow.trainHint")}
          </p>
        </div>
        {save.error && (
          <Problem error={save.error}>
            {seesOwnOnly && <p data-testid="own-only">{t("data.flow.ownOnly")}</p>}
          </Problem>
        )}
        {mayWrite && (
          <div className="row">
            <button
              type="submit"
              className="button primary"
              disabled={save.isPending || kinds.length === 0 || isSaved}
              data-testid="flow-save"
            >
              {t(saved ? "data.save" : "data.flow.turnOn")}
            </button>
            {saved && (
              <button
                type="button"
                className="button"
                disabled={save.isPending}
                onClick={() => {
                  save.mutate(null);
                }}
                data-testid="flow-off"
              >
                {t("data.flow.turnOff")}
              </button>
            )}
          </div>
        )}
      </fieldset>
      <MissingScope route={ROUTE} />
    </form>
  );
}
