import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { ApiError, type Dataset, type InstantRun } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { percent, whole } from "../../i18n/format";
import { modelParams } from "../../registry/chosen";
import { Tile } from "../../ui/Tile";
import { Problem } from "../../ui/notice/Problem";
import { labelText } from "../classes/names";
import { ComparedWith } from "../loop/ComparedWith";
import { LabelCurve } from "../loop/LabelCurve";
import { Serve } from "./Serve";
import css from "./RunPanel.module.css";

const STEPS = ["freeze", "embed", "fit", "prove", "publish"] as const;
const SHOWN_CONFUSIONS = 3;

interface RunPanelProps {
  run: InstantRun;
  dataset: Dataset;
}

/** One training: how far it is, and what it reached. */
export function RunPanel({ run, dataset }: RunPanelProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { result, error } = run;
  const steps = STEPS.map((name, at) => {
    const known = run.steps.find((step) => step.name === name);
    return { name, known, state: known ? stateOf(known) : stateWithout(at, run) };
  });
  const current = steps.findLast(({ known }) => known);
  const n = (value: number) => whole(value, language);
  const model = run.model_version === null ? null : { name: run.model, version: run.model_version };
  return (
    <section className="card panel" aria-labelledby="run-title" data-testid="run">
      <div className="panel-heading">
        <h2 id="run-title">{t("data.runTitle")}</h2>
        <RunState state={run.state} />
      </div>
      <ol className={css.steps}>
        {steps.map(({ name, known, state }) => (
          <li
            key={name}
            className={css.step}
            data-state={state}
            aria-current={known?.finished_at === null ? "step" : undefined}
          >
            {t(`data.steps.${name}`)}
            {state === "skipped" && <span className="small">{t("data.notNeeded")}</span>}
            {known?.done != null && known.total != null && (
              <span className="muted small numeric">
                {t("data.stepCount", { done: n(known.done), total: n(known.total) })}
              </span>
            )}
          </li>
        ))}
      </ol>
      <p className="visually-hidden" role="status">
        {t(`data.states.${run.state}`)}
        {run.state === "running" && current && `: ${t(`data.steps.${current.name}`)}`}
      </p>
      {error && <Problem error={new ApiError(error[0] ?? "", error[1] ?? "", { status: 200 })} />}
      {result && (
        <>
          <div className={css.tiles}>
            <Tile
              name={t("data.top1")}
              value={percent(result.top1, language)}
              note={t("data.interval", {
                low: percent(result.top1_low, language),
                high: percent(result.top1_high, language),
              })}
              testId="run-top1"
            />
            <Tile
              name={t("data.testImages")}
              value={n(result.images)}
              note={t("data.testGroups", { n: n(result.groups) })}
            />
          </div>
          {result.series.length > 0 && (
            <p className="small" data-testid="run-series">
              {t("data.series", {
                classes: result.series
                  .map((label) => labelText(label, dataset.classes, language))
                  .join(", "),
              })}
            </p>
          )}
          <ComparedWith compared={result.compared} />
          <h3>{t("data.confusions")}</h3>
          {result.worst.length === 0 ? (
            <p>{t("data.noConfusions")}</p>
          ) : (
            <ul className="plain-list" data-testid="confusions">
              {result.worst.slice(0, SHOWN_CONFUSIONS).map(({ label, answered, count }) => (
                <li key={`${label} ${answered}`}>
                  {t("data.confusion", {
                    label: labelText(label, dataset.classes, language),
                    answered: labelText(answered, dataset.classes, language),
                    n: n(count),
                  })}
                </li>
              ))}
            </ul>
          )}
          <LabelCurve curve={result.curve} />
        </>
      )}
      {model && (
        <>
          <p>
            {t("data.made", model)}{" "}
            <Link
              to={`/accuracy?${new URLSearchParams(modelParams(model)).toString()}`}
              data-testid="run-report"
            >
              {t("data.report")}
            </Link>
          </p>
          <Serve model={model} />
        </>
      )}
    </section>
  );
}

type Step = InstantRun["steps"][number];

const stateOf = (step: Step) => (step.finished_at === null ? "active" : "done");

/** Of a step that did not begin. It was not needed where a later one did, as to embed known images. */
function stateWithout(at: number, { state, steps }: InstantRun) {
  if (steps.some(({ name }) => STEPS.indexOf(name) > at)) return "skipped";
  return state === "done" ? "done" : "waiting";
}

const TONES = { waiting: "", running: "accent", done: "good", failed: "bad" } as const;

export function RunState({ state }: { state: InstantRun["state"] }) {
  const { t } = useTranslation();
  return (
    <span className={`chip ${TONES[state]}`} data-testid="run-state" data-state={state}>
      {t(`data.states.${state}`)}
    </span>
  );
}
