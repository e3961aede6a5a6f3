import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useApi } from "../api/ApiContext";
import type { Job, JobRequest, TrainingOptions } from "../api/types";
import { Problem } from "../ui/Problem";
import { DatasetField } from "./DatasetField";
import { EstimateBox } from "./EstimateBox";
import css from "./JobForm.module.css";
import { MachineFields } from "./MachineFields";
import { Select } from "./Select";
import type { Setting } from "./settings";
import { SettingsFields } from "./SettingsFields";

interface JobFormProps {
  options: TrainingOptions;
  past: readonly Job[];
  onStarted: (id: string) => void;
}

export interface Draft {
  data: string;
  config: string;
  /** Empty: the configuration's own. */
  model: string;
  recipe: string;
  /** Only what differs from the configuration. */
  set: Record<string, Setting>;
  /** Empty: whichever of the usual ones has room. */
  instance: string;
  onDemand: boolean;
  maxHours: number;
  budget: number;
  promote: boolean;
}

const EMPTY: Omit<Draft, "data" | "config"> = {
  model: "",
  recipe: "",
  set: {},
  instance: "",
  onDemand: false,
  maxHours: 8,
  budget: 10,
  promote: false,
};

export function JobForm({ options, past, onStarted }: JobFormProps) {
  const { t } = useTranslation();
  const api = useApi();
  const queries = useQueryClient();
  const [draft, setDraft] = useState<Draft>({
    ...EMPTY,
    data: options.datasets[0]?.prefix ?? "",
    config: options.configs[0]?.name ?? "",
  });
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
        <p className="muted small">{t("training.startText")}</p>
      </div>
      <DatasetField
        datasets={options.datasets}
        value={draft.data}
        onChange={(data) => {
          change({ data });
        }}
      />
      <Select
        name={t("training.config")}
        value={draft.config}
        options={options.configs.map(({ name }) => name)}
        onChange={(next) => {
          change({ config: next, model: "", recipe: "", set: {} });
        }}
        hint={config?.summary}
        testId="job-config"
      />
      {config && (
        <>
          <div className={css.pair}>
            <Select
              name={t("training.model")}
              value={draft.model}
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
            key={`${config.name} ${draft.recipe}`}
            config={config}
            recipe={draft.recipe || config.recipe}
            recipes={options.recipes}
            set={draft.set}
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
        disabled={start.isPending || draft.data === "" || config === undefined}
        data-testid="start-job"
      >
        {t("training.startButton")}
      </button>
    </form>
  );
}

function toRequest(draft: Draft): JobRequest {
  const { data, config, model, recipe, set, instance } = draft;
  return {
    config,
    data,
    ...(model && { model }),
    ...(recipe && { recipe }),
    ...(Object.keys(set).length > 0 && { set }),
    ...(instance && { instance }),
    on_demand: draft.onDemand,
    max_hours: draft.maxHours,
    budget_usd: draft.budget,
    promote: draft.promote,
  };
}
