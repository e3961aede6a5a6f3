import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { TopK } from "../../charts/TopK";
import { useLanguage } from "../../i18n";
import { milliseconds, percent } from "../../i18n/format";
import { FeedbackForm } from "../../records/feedback/FeedbackForm";
import { DeleteRecord } from "../../records/owner/DeleteRecord";
import { useForgotten } from "../../records/owner/useForget";
import { Familiarity } from "../../records/record/Familiarity";
import { FileName } from "../../records/record/FileName";
import { isParent } from "../../records/record/parent";
import { StatusChip } from "../../records/record/StatusChip";
import { Timings } from "../../records/record/Timings";
import { WhyParent } from "../../records/record/WhyParent";
import { WhyUnknown } from "../../records/record/WhyUnknown";
import { Snippet } from "../../records/snippet/Snippet";
import { LabelPath } from "../../ui/LabelPath";
import { FailureText } from "../../ui/notice/FailureText";
import type { Outcome } from "../queue/classify";
import { LabelSet } from "./LabelSet";
import css from "./ResultView.module.css";

interface ResultViewProps {
  outcome: Outcome;
  /** Of the file; `null` for a pasted image. */
  name: string | null;
  /** Of the set of labels that was asked for; `null` for none. */
  coverage: number | null;
}

export function ResultView({ outcome, name, coverage }: ResultViewProps) {
  const { prediction, roundTripMs } = outcome;
  const { t } = useTranslation();
  const language = useLanguage();
  const { model } = prediction;
  if (useForgotten(prediction.id)) {
    return (
      <p role="status" data-testid="result-deleted">
        {t("record.deleted")}
      </p>
    );
  }
  return (
    <div className={css.result} data-testid="result" data-status={prediction.status}>
      <Headline prediction={prediction} />
      {coverage !== null && prediction.status !== "failed" && (
        <LabelSet
          coverage={coverage}
          set={prediction.prediction_set ?? null}
          unfamiliar={prediction.unknown_reason === "unfamiliar"}
        />
      )}
      {prediction.status !== "failed" && <FeedbackForm key={prediction.id} record={prediction} />}
      {prediction.top_k.length > 0 && (
        <div>
          <h3>{t("predict.topK")}</h3>
          <TopK
            scores={prediction.top_k}
            unsure={prediction.status === "unknown" || isParent(prediction)}
          />
        </div>
      )}
      <dl className="facts">
        <dt>{t("record.filename")}</dt>
        <dd>
          <FileName name={name ?? t("predict.pasted")} />
        </dd>
        <dt>{t("predict.model")}</dt>
        <dd data-testid="model-version">{model ? `${model.name} ${model.version}` : "–"}</dd>
        <Familiarity record={prediction} />
        <dt>{t("predict.roundTrip")}</dt>
        <dd>{milliseconds(roundTripMs, language)}</dd>
        <dt>{t("predict.timings")}</dt>
        <dd>
          <Timings timings={prediction.timings} />
        </dd>
      </dl>
      <Snippet record={prediction} />
      <Link to={`/history?record=${encodeURIComponent(prediction.id)}`} className={css.link}>
        {t("predict.openRecord")}
      </Link>
      <DeleteRecord record={prediction} />
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
      <StatusChip record={prediction} />
      {named && <LabelPath above={prediction.parents} />}
      <p className={css.headline}>
        <span data-testid="result-label">{named ? label : t(`status.${status}`)}</span>
        {named && confidence !== null && (
          <span className={css.confidence} data-testid="result-confidence">
            {percent(confidence, language)}
          </span>
        )}
      </p>
      <WhyParent record={prediction} />
      {status === "unknown" && <WhyUnknown record={prediction} threshold={threshold} />}
      {status === "failed" && (
        <p className="muted">{error ? <FailureText failure={error} /> : t("predict.failedText")}</p>
      )}
    </div>
  );
}
