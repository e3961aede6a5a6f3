import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useOutletContext } from "react-router";

import { useApi } from "../../api/ApiContext";
import type { Dataset } from "../../api/datasets";
import type { Job, TrainingOptions } from "../../api/types";
import { Problem } from "../../ui/notice/Problem";
import { Advanced } from "./advanced/Advanced";
import { type Draft, newDraft, toRequest } from "./draft";
import { EstimateBox, expectedCost } from "./EstimateBox";
import { GoalField } from "./GoalField";
import { network } from "./goals";
import { ancestorsOf, classChange } from "./advanced/growth";
import { ImagesField } from "./ImagesField";
import css from "./JobForm.module.css";
import { useCounts } from "./useDatasets";

interface JobFormProps {
  options: TrainingOptions;
  datasets: readonly Dataset[];
  past: readonly Job[];
  onStarted: (id: string) => void;
}

/** What to train on and what matters most; all else is folded. */
export function JobForm({ options, datasets, past, onStarted }: JobFormProps) {
  const { t } = useTranslation();
  const api = useApi();
  const queries = useQueryClient();
  const [draft, setDraft] = useState(() => newDraft(options, datasets));
  const [isOpen, setOpen] = useState(false);
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
  const inDataset = useCounts(draft.dataset);
  const counted = draft.dataset
    ? inDataset
    : options.datasets.find(({ prefix }) => prefix === draft.data);
  const ancestors = ancestorsOf(past);
  const ancestor = ancestors.find(({ id }) => id === draft.growFrom);
  const classes = ancestor ? classChange(options.datasets, ancestor, counted) : null;
  const source = draft.dataset || draft.data;
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
      <Heading dataset={draft.dataset} />
      <ImagesField
        datasets={datasets}
        folders={options.datasets}
        draft={draft}
        counted={counted}
        onChange={change}
      />
      {source !== "" && (
        <>
          <GoalField
            options={options}
            draft={draft}
            counted={counted}
            past={past}
            onChange={change}
          />
          <details
            className={css.group}
            onToggle={({ currentTarget }) => {
              setOpen(currentTarget.open);
            }}
            data-testid="advanced"
          >
            <summary>{t("training.advanced")}</summary>
            {isOpen && (
              <Advanced
                options={options}
                draft={draft}
                ancestors={ancestors}
                classes={classes}
                onChange={change}
              />
            )}
          </details>
          <EstimateBox
            expected={expectedCost(options, draft, counted, past)}
            epochs={network(draft, options).epochs}
          />
          {start.error && <Problem error={start.error} />}
          <button
            type="submit"
            className="button primary"
            disabled={
              start.isPending ||
              draft.config === "" ||
              (classes !== null && classes.missing.length > 0)
            }
            data-testid="start-job"
          >
            {t("training.startButton")}
          </button>
        </>
      )}
    </form>
  );
}

function Heading({ dataset }: { dataset: string }) {
  const { t } = useTranslation();
  const stage = useOutletContext<string>();
  const query = dataset ? `?${new URLSearchParams({ dataset }).toString()}` : "";
  return (
    <div>
      <h2 id="start-title">{t("training.start")}</h2>
      <p className="muted small">
        {stage === "local" ? (
          <>
            {t("training.startTextLocal")} <code>visionflow jobs machines</code>
          </>
        ) : (
          t("training.startText")
        )}
      </p>
      <p className="muted small">
        {t("training.instantHint")} <Link to={`/data${query}`}>{t("training.toData")}</Link>
      </p>
    </div>
  );
}
