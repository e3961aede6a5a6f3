import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useOutletContext } from "react-router";

import { useApi } from "../../api/ApiContext";
import type { Job, TrainingOptions } from "../../api/types";
import { useLanguage } from "../../i18n";
import { Problem } from "../../ui/notice/Problem";
import { DatasetField } from "./DatasetField";
import { type Draft, newDraft, toRequest } from "./draft";
import { EstimateBox } from "./EstimateBox";
import { ancestorsOf, classChange, inherited, isInherited } from "./growth";
import { GrowthField } from "./GrowthField";
import css from "./JobForm.module.css";
import { MachineFields } from "./MachineFields";
import { Select } from "./Select";
import { SettingsFields } from "./SettingsFields";

interface JobFormProps {
  options: TrainingOptions;
  past: readonly Job[];
  onStarted: (id: string) => void;
}

export function JobForm({ options, past, onStarted }: JobFormProps) {
  const { t } = useTranslation();
  const stage = useOutletContext<string>();
  const language = useLanguage();
  const api = useApi();
  const queries = useQueryClient();
  const [draft, setDraft] = useState(() => newDraft(options));
  const change = (changes: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...changes }));
  };
  const start = useMutation({
    mutationFn: () => api.startJob(toRequest(draft)),
    onSuccess: (job) => {
      void queries.invalidateQueries({ queryKey: ["jobs"] });
      onStarted(job.id);
    },
  });
  const ancestors = ancestorsOf(past);
  const ancestor = ancestors.find(({ id }) => id === draft.growFrom);
  const grows = ancestor !== undefined;
  const classes = grows ? classChange(options.datasets, ancestor, draft.data) : null;
  const config = options.configs.find(({ name }) => name === draft.config);
  return (
    <form
      className="card panel"
      aria-labelledby="start-title"
      onSubmit={(event) => {
        event.preventDefault();
        start.mutate();
      }}
      data-testid="job-form"
    >
      <div>
        <h2 id="start-title">{t("training.start")}</h2>
        {stage === "local" ? (
          <p className="muted small">
            {t("training.startTextLocal")} <code>visionflow jobs machines</code>
          </p>
        ) : (
          <p className="muted small">{t("training.startText")}</p>
        )}
      </div>
      <DatasetField
        datasets={options.datasets}
        value={draft.data}
        onChange={(data) => {
          change({ data });
        }}
      />
      <GrowthField
        ancestors={ancestors}
        chosen={ancestor}
        change={classes}
        onChange={(next) => {
          const anew = { growFrom: "", model: "", recipe: "", set: {} };
          change(next ? { growFrom: next.id, ...inherited(next) } : anew);
        }}
      />
      <Select
        name={t("training.config")}
        value={draft.config}
        disabled={grows}
        options={options.configs.map(({ name }) => name)}
        onChange={(next) => {
          change({ config: next, model: "", recipe: "", set: {} });
        }}
        hint={config?.summary[language]}
        testId="job-config"
      />
      {config && (
        <>
          <div className={css.choices}>
            <Select
              name={t("training.model")}
              value={draft.model}
              disabled={grows}
              none={t("training.asConfig", { value: config.model })}
              options={options.models}
              onChange={(model) => {
                change({ model });
              }}
              testId="job-model"
            />
            <Select
              name={t("training.recipe")}
              value={draft.recipe}
              none={t("training.asConfig", { value: config.recipe })}
              options={options.recipes}
              onChange={(recipe) => {
                change({ recipe });
              }}
              testId="job-recipe"
            />
          </div>
          <SettingsFields
            key={`${config.name} ${draft.recipe} ${draft.growFrom}`}
            config={config}
            recipe={draft.recipe || config.recipe}
            recipes={options.recipes}
            set={draft.set}
            isFixed={(name) => grows && isInherited(name)}
            onChange={(set) => {
              change({ set });
            }}
          />
        </>
      )}
      <MachineFields instances={options.instances} draft={draft} onChange={change} />
      <EstimateBox options={options} draft={draft} past={past} />
      {start.error && <Problem error={start.error} />}
      <button
        type="submit"
        className="button primary"
        disabled={
          start.isPending ||
          draft.data === "" ||
          config === undefined ||
          (classes !== null && classes.missing.length > 0)
        }
        data-testid="start-job"
      >
        {t("training.startButton")}
      </button>
    </form>
  );
}
