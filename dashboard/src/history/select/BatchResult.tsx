import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { FileName } from "../../records/record/FileName";
import { FailureText } from "../../ui/notice/FailureText";
import css from "./BatchBar.module.css";
import type { Batch } from "./useBatch";

const MOST_NAMED = 10;

/** How far it is, and which records failed. They stay selected, so that they can be tried again. */
export function BatchResult({ batch, onStop }: { batch: Batch; onStop: () => void }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { total, done, failures, isRunning } = batch;
  const named = failures.slice(0, MOST_NAMED);
  return (
    <div data-testid="batch-result">
      <div className={css.line}>
        <p role="status" className="small numeric" data-testid="batch-progress">
          {t(isRunning ? "history.select.progress" : "history.select.done", {
            done: whole(done, language),
            total: whole(total, language),
          })}
        </p>
        {isRunning && (
          <>
            <progress value={done + failures.length} max={total} aria-hidden />
            <button type="button" className="button small" onClick={onStop}>
              {t("app.cancel")}
            </button>
          </>
        )}
      </div>
      {failures.length > 0 && (
        <div role="alert" className="small error-text" data-testid="batch-failures">
          <p>{t("history.select.failed", { n: whole(failures.length, language) })}</p>
          <ul>
            {named.map(({ row, error }) => (
              <li key={row.id}>
                <FileName name={row.filename ?? row.image.key?.split("/").at(-1) ?? row.id} />:{" "}
                <FailureText failure={error} />
              </li>
            ))}
          </ul>
          {failures.length > named.length && (
            <p>
              {t("history.select.moreFailed", {
                n: whole(failures.length - named.length, language),
              })}
            </p>
          )}
        </div>
      )}
    </div>
  );
}
