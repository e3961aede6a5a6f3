import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Dataset, Job, TrainingOptions } from "visionflow-client";

import { WORKER } from "../worker";
import { Problem } from "../../ui/notice/Problem";
import { Advanced } from "./advanced/Advanced";
import { type Draft, newDraft, toRequest, withImages } from "./draft";
import { EstimateBox, expectedCost } from "./EstimateBox";
import { GoalField } from "./GoalField";
import { network } from "./goals";
import { ancestorsOf, classChange } from "./advanced/growth";
import { ImagesField } from "./ImagesField";
import { FaultContext, faultOf } from "../../ui/fault/fault";
import css from "./JobForm.module.css";
import { useCounts } from "./useDatasets";
import { useStart } from "./useStart";

/** The fields that are always shown; the others are under "Advanced". */
const SIMPLE = new Set(["data", "dataset"]);

interface JobFormProps {
  options: TrainingOptions;
  datasets: readonly Dataset[];
  past: readonly Job[];
  onStarted: (id: string) => void;
}

/** What to train on and what matters most; all else is folded. */
export function JobForm({ options, datasets, past, onStarted }: JobFormProps) {
  const { t } = useTranslation();
  const [given, setDraft] = useState(() => newDraft(options));
  // What there is to train on may come after the form, and change.
  const draft = withImages(given, options, datasets);
  const [isOpen, setOpen] = useState(false);
  const change = (changes: Partial<Draft>) => {
    forget();
    setDraft((before) => ({ ...withImages(before, options, datasets), ...changes }));
  };
  const { start, isPending, error, isWaiting, cancel, forget } = useStart(onStarted);
  const fault = faultOf(error);
  const isShown = isOpen || (fault !== null && !SIMPLE.has(fault.field));
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (error) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [error]);
  const inDataset = useCounts(draft.dataset);
  const counted = draft.dataset
    ? inDataset
    : options.datasets.find(({ prefix }) => prefix === draft.data);
  const ancestors = ancestorsOf(past);
  const ancestor = ancestors.find(({ id }) => id === draft.growFrom);
  const classes = ancestor ? classChange(options.datasets, ancestor, counted) : null;
  const source = draft.dataset || draft.data;
  return (
    <FaultContext value={fault}>
      <form
        ref={form}
        className="card panel"
        aria-labelledby="start-title"
        onSubmit={(event) => {
          event.preventDefault();
          start(toRequest(draft));
        }}
        data-testid="job-form"
      >
        <Heading dataset={draft.dataset} runsOn={options.runs_on} />
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
              open={isShown}
              onToggle={({ currentTarget }) => {
                setOpen(currentTarget.open);
              }}
              data-testid="advanced"
            >
              <summary>{t("training.advanced")}</summary>
              {isShown && (
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
            {error && <Problem error={error} />}
            {isWaiting && (
              <div className={css.waiting} role="status" data-testid="comparing">
                <p className="small">{t("training.comparing")}</p>
                <button type="button" className="button" onClick={cancel}>
                  {t("app.cancel")}
                </button>
              </div>
            )}
            <button
              type="submit"
              className="button primary"
              disabled={
                isPending || draft.config === "" || (classes !== null && classes.missing.length > 0)
              }
              data-testid="start-job"
            >
              {t("training.startButton")}
            </button>
          </>
        )}
      </form>
    </FaultContext>
  );
}

interface HeadingProps {
  dataset: string;
  runsOn: TrainingOptions["runs_on"];
}

function Heading({ dataset, runsOn }: HeadingProps) {
  const { t } = useTranslation();
  const query = dataset ? `?${new URLSearchParams({ dataset }).toString()}` : "";
  return (
    <div>
      <h2 id="start-title">{t("training.start")}</h2>
      <p className="muted small">
        {runsOn === "local" ? (
          <>
            {t("training.startTextLocal")} <code>{WORKER}</code>
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
