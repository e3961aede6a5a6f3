import { useTranslation } from "react-i18next";

import { AddToDataset } from "../../records/dataset/AddToDataset";
import { CheckIcon } from "../../ui/icons";
import { Missing } from "../../ui/notice/Missing";
import { Notice } from "../../ui/notice/Notice";
import { Problem } from "../../ui/notice/Problem";
import { Labelling } from "./Labelling";
import css from "./LabelQueue.module.css";
import { useKeys } from "./useKeys";
import { type LabelQueueState, useLabelQueue } from "./useLabelQueue";

/** The images where feedback helps most, labelled by keyboard. */
export default function LabelQueue() {
  const { t } = useTranslation();
  const queue = useLabelQueue();
  const { entry, left, said, isPending, error, reload } = queue;
  // Also when the last image has been labelled.
  useKeys(({ code }) => (code === "KeyU" && said.size > 0 ? queue.undo : undefined));
  const saved = [...said].flatMap(([id, { feedback }]) => (feedback ? [{ id, feedback }] : []));
  return (
    <section className="card panel" aria-labelledby="label-title">
      <div className="panel-heading">
        <div>
          <h2 id="label-title">{t("accuracy.queue")}</h2>
          <p className="muted small">{t("accuracy.queueText")}</p>
          <p className="muted small" data-testid="label-bias">
            {t("accuracy.queueBias")}
          </p>
        </div>
        <p className="muted small numeric" role="status" data-testid="label-count">
          {t("accuracy.queueCount", { left, labelled: said.size })}
        </p>
        {saved.length > 0 && (
          <AddToDataset
            records={saved}
            name={t("accuracy.queueToDataset", { n: saved.length })}
            testId="add-labelled"
          />
        )}
      </div>
      <Unsaved queue={queue} />
      {error ? (
        <Missing error={error} route="GET /uncertain" onRetry={reload} />
      ) : isPending ? (
        <div className={`skeleton ${css.waiting}`} role="status" aria-label={t("app.loading")} />
      ) : entry ? (
        <Labelling key={entry.id} entry={entry} queue={queue} />
      ) : (
        <Notice icon={<CheckIcon />} title={t("accuracy.queueEmpty")} testId="label-empty">
          <p>{t("accuracy.queueEmptyText")}</p>
          <div className="row">
            <button type="button" className="button" onClick={reload}>
              {t("accuracy.queueReload")}
            </button>
            {said.size > 0 && (
              <button type="button" className="button" onClick={queue.undo}>
                {t("feedback.undo")}
              </button>
            )}
          </div>
        </Notice>
      )}
    </section>
  );
}

/** What the API did not take or give back: the images have gone from sight, so it is named here. */
function Unsaved({ queue }: { queue: LabelQueueState }) {
  const { t } = useTranslation();
  const said = [...queue.said.values()];
  const errors = said.flatMap(({ error }) => error ?? []);
  const [first] = errors;
  const [undoError] = said.flatMap(({ undoError: error }) => error ?? []);
  return (
    <>
      {first && (
        <div data-testid="label-unsaved">
          <p className="small error-text">{t("accuracy.queueUnsaved", { n: errors.length })}</p>
          <Problem error={first} onRetry={queue.retry} />
        </div>
      )}
      {undoError && (
        <div data-testid="label-undo-failed">
          <Problem error={undoError} onRetry={queue.retry} />
        </div>
      )}
    </>
  );
}
