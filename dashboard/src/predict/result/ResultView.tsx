import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { TopK } from "../../charts/TopK";
import { useLanguage } from "../../i18n";
import { milliseconds, percent } from "../../i18n/format";
import { errorText } from "../../i18n/texts";
import { FeedbackForm } from "../../records/feedback/FeedbackForm";
import { StatusChip } from "../../records/record/StatusChip";
import { Timings } from "../../records/record/Timings";
import type { Outcome } from "../queue/classify";
import css from "./ResultView.module.css";

export function ResultView({ outcome: { prediction, roundTripMs } }: { outcome: Outcome }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { model } = prediction;
  return (
    <div className={css.result} data-testid="result" data-status={prediction.status}>
      <Headline prediction={prediction} />
      {prediction.status !== "failed" && <FeedbackForm record={prediction} />}
      {prediction.top_k.length > 0 && (
        <div>
          <h3>{t("predict.topK")}</h3>
          <TopK scores={prediction.top_k} unsure={prediction.status === "unknown"} />
        </div>
      )}
      <dl className="facts">
        <dt>{t("predict.model")}</dt>
        <dd data-testid="model-version">{model ? `${model.name} ${model.version}` : "–"}</dd>
        <dt>{t("predict.roundTrip")}</dt>
        <dd>{milliseconds(roundTripMs, language)}</dd>
        <dt>{t("predict.timings")}</dt>
        <dd>
          <Timings timings={prediction.timings} />
        </dd>
      </dl>
      <Link to={`/history?record=${encodeURIComponent(prediction.id)}`} className={css.link}>
        {t("predict.openRecord")}
      </Link>
    </div>
  );
}

function Headline({ prediction }: { prediction: Outcome["prediction"] }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { status, label, confidence, error, unknown_threshold: threshold } = prediction;
  const named = status === "ok" && label !== null;
  return (
    <div>
      <StatusChip status={status} />
      <p className={css.headline}>
        <span data-testid="result-label">{named ? label : t(`status.${status}`)}</span>
        {named && confidence !== null && (
          <span className={css.confidence} data-testid="result-confidence">
            {percent(confidence, language)}
          </span>
        )}
      </p>
      {status === "unknown" && (
        <p className="muted">
          {label !== null && confidence !== null
            ? t("predict.unknownText", { label, confidence: percent(confidence, language) })
            : t("predict.unknownTextBare")}{" "}
          {threshold !== undefined &&
            t("predict.unknownNeeds", { threshold: percent(threshold, language) })}
        </p>
      )}
      {status === "failed" && (
        <p className="muted">{error ? errorText(t, language, error) : t("predict.failedText")}</p>
      )}
    </div>
  );
}
