import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { DatasetDetails, InstantRun, Proposal } from "visionflow-client";

import { useMay } from "../../access/useMe";
import { useLanguage } from "../../i18n";
import { duration, money, whole } from "../../i18n/format";
import { modelParams } from "../../registry/chosen";
import { useModels } from "../../registry/useModels";
import { MissingScope } from "../../ui/notice/MissingScope";
import { Accept } from "./Accept";
import { ComparedWith, verdictOf } from "./ComparedWith";
import css from "./ProposalCard.module.css";

interface ProposalCardProps {
  proposal: Proposal;
  details: DatasetDetails;
  isTraining: boolean;
  onTrain: () => void;
  /** Shows the latest training. */
  onShow: () => void;
}

/** What new labels suggest: to go on, to train, or to accept what a training made. */
export function ProposalCard({ proposal, ...props }: ProposalCardProps) {
  const { run, labels, needed } = proposal;
  if (run !== null) return <Ready run={run} labels={labels} {...props} />;
  return labels < needed ? <Few {...proposal} /> : <Enough proposal={proposal} {...props} />;
}

function Few({ labels, needed, version }: Proposal) {
  const { t } = useTranslation();
  const language = useLanguage();
  const n = (value: number) => whole(value, language);
  const text = t("data.loop.progress", { labels: n(labels), needed: n(needed), version });
  return (
    <section className="card panel" aria-labelledby="proposal-title" data-testid="proposal">
      <h2 id="proposal-title">{t("data.loop.newLabels")}</h2>
      <div className="field">
        <p className="numeric">{text}</p>
        <meter className={css.meter} aria-label={text} max={needed} value={labels} />
        <p className="muted small">{t("data.loop.progressText", { needed: n(needed) })}</p>
      </div>
    </section>
  );
}

function Enough({ proposal, details, isTraining, onTrain }: ProposalCardProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const may = useMay();
  const { forecast } = details;
  return (
    <section className="card panel" aria-labelledby="proposal-title" data-testid="proposal">
      <h2 id="proposal-title">
        {t("data.loop.enough", { labels: whole(proposal.labels, language) })}
      </h2>
      <p>{t("data.loop.enoughText", { version: proposal.version })}</p>
      {forecast && (
        <p className="muted small numeric">
          {t("data.forecast", {
            time: duration(forecast.seconds, language),
            cost: money(forecast.usd, "USD", language),
            images: whole(forecast.images, language),
          })}
        </p>
      )}
      {may("POST /datasets/{name}/train") ? (
        <div>
          <button
            type="button"
            className="button primary"
            disabled={isTraining}
            onClick={onTrain}
            data-testid="proposal-train"
          >
            {t(isTraining ? "data.training" : "data.loop.train")}
          </button>
        </div>
      ) : (
        <MissingScope route="POST /datasets/{name}/train" />
      )}
    </section>
  );
}

interface ReadyProps extends Omit<ProposalCardProps, "proposal"> {
  run: InstantRun;
  labels: number;
}

function Ready({ run, labels, details, onShow }: ReadyProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const models = useModels();
  const { result, model: name, model_version: version } = run;
  if (result?.compared == null || version === null) return null;
  const model = { name, version };
  return (
    <section className="card panel" aria-labelledby="proposal-title" data-testid="proposal">
      <h2 id="proposal-title">{t("data.loop.ready", model)}</h2>
      <ComparedWith compared={result.compared} />
      {labels > 0 && (
        <p className="muted small numeric">
          {t("data.loop.newer", { labels: whole(labels, language) })}
        </p>
      )}
      {models.data && (
        <Accept
          model={model}
          list={models.data}
          isAdvised={verdictOf(result.compared) === "better"}
        />
      )}
      <MissingScope route="POST /models/{name}/{version}/canary" />
      <div className="row small">
        {details.run?.id === run.id && (
          <button
            type="button"
            className="button small"
            onClick={onShow}
            data-testid="proposal-run"
          >
            {t("data.loop.show")}
          </button>
        )}
        <Link
          className="button small"
          to={`/accuracy?${new URLSearchParams(modelParams(model)).toString()}`}
        >
          {t("data.report")}
        </Link>
      </div>
    </section>
  );
}
