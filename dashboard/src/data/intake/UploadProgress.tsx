import type { CSSProperties } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { FailureText } from "../../ui/notice/FailureText";
import css from "./AddImages.module.css";
import { PREDICTION_ERASED, type Progress, type Uploads } from "./uploads";

const SHOWN_REFUSED = 20;

/** How far the chosen images are, what the dataset had already, and what did not work. */
export function UploadProgress({ uploads, progress }: { uploads: Uploads; progress: Progress }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { total, sent, known, skipped, refused, working } = progress;
  if (total === 0) return null;
  const done = sent + known + skipped + refused.length;
  const n = (value: number) => whole(value, language);
  return (
    <div className="field">
      <div
        className={css.bar}
        role="progressbar"
        aria-label={t("data.sending")}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={done}
      >
        <div
          className={css.done}
          style={{ "--share": `${(done / total) * 100}%` } as CSSProperties}
        />
      </div>
      <p className="small numeric" role="status" data-testid="upload-progress">
        {t(working ? "data.progress" : "data.finished", { sent: n(sent), total: n(total) })}
        {known > 0 && ` ${t("data.known", { n: n(known) })}`}
        {skipped > 0 && ` ${t("data.skipped", { n: n(skipped) })}`}
      </p>
      {working && <p className="muted small">{t("data.resume")}</p>}
      {refused.length > 0 && (
        <div role="alert" data-testid="refused">
          <p className="error-text small">{t("data.refused", { n: n(refused.length) })}</p>
          <ul className={`plain-list small ${css.refused}`}>
            {refused.slice(0, SHOWN_REFUSED).map(({ file, error }, index) => (
              <li key={index}>
                {file.name}: {reason(error)}
              </li>
            ))}
          </ul>
        </div>
      )}
      <div className="row">
        {refused.length > 0 && !working && (
          <button
            type="button"
            className="button small"
            onClick={() => {
              uploads.retry();
            }}
            data-testid="upload-retry"
          >
            {t("app.retry")}
          </button>
        )}
        <button
          type="button"
          className="button small"
          onClick={() => {
            uploads.cancel();
          }}
          data-testid="upload-cancel"
        >
          {t(working ? "app.cancel" : "data.clear")}
        </button>
      </div>
    </div>
  );

  function reason(error: Error) {
    if (error instanceof ApiError && error.code === PREDICTION_ERASED) {
      return t("data.predictionErased");
    }
    return <FailureText failure={error} />;
  }
}
