import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Dataset, DatasetDetails, Health, InstantRun } from "visionflow-client";

import { BarChart } from "../../charts/Chart";
import { useLanguage } from "../../i18n";
import { decimal, whole } from "../../i18n/format";
import { DataIcon } from "../../ui/icons";
import { Notice } from "../../ui/notice/Notice";
import { Tile } from "../../ui/Tile";
import { labelText } from "../classes/names";
import type { Facts } from "../facts/useWorkbench";
import { adviceText } from "./advice";
import css from "./HealthTab.module.css";
import { Suspects } from "./Suspects";
import { TrainingViews } from "./TrainingViews";

interface HealthTabProps {
  details: DatasetDetails;
  facts: Facts;
  canEdit: boolean;
}

/** More bars cannot be told apart. */
const MOST_BARS = 40;
const SHOWN_CONFUSED = 3;
/** From here on the smallest class holds the others back. */
const IMBALANCED = 5;

/** Counts, what to do next, and labels that look wrong. */
export function HealthTab({ details: { dataset, health, run }, facts, canEdit }: HealthTabProps) {
  const { t } = useTranslation();
  if (health === null) {
    return (
      <Notice icon={<DataIcon />} title={t("data.noHealth")} testId="no-health">
        <p>{t("data.noHealthText")}</p>
      </Notice>
    );
  }
  return (
    <div className="stack">
      <Numbers
        dataset={dataset}
        health={health}
        run={run}
        divided={facts.counts?.divided ?? null}
      />
      <Suspects dataset={dataset} facts={facts} canEdit={canEdit} />
      <TrainingViews
        name={dataset.name}
        table={facts.bench.table}
        revision={facts.revision}
        run={run}
      />
    </div>
  );
}

interface NumbersProps {
  dataset: Dataset;
  health: Health;
  run: InstantRun | null;
  /** Groups whose images have several labels; null where it is not known yet. */
  divided: number | null;
}

function Numbers({ dataset, health, run, divided }: NumbersProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const n = (value: number) => whole(value, language);
  const bars = [...health.classes]
    .sort((a, b) => b.images - a.images)
    .slice(0, MOST_BARS)
    .map(({ name, images }) => ({
      name: labelText(name, dataset.classes, language),
      value: images,
    }));
  const confused = (run?.result?.worst ?? []).slice(0, SHOWN_CONFUSED);
  const ready = health.labelled + health.unlabelled;
  const isImbalanced = health.imbalance >= IMBALANCED;
  return (
    <>
      <div className={css.tiles}>
        <Tile name={t("data.images")} value={n(health.images)} />
        <Tile name={t("data.labelled")} value={n(health.labelled)} />
        <Tile name={t("data.views.unlabelled")} value={n(health.unlabelled)} />
        <Tile name={t("data.views.duplicate")} value={n(health.duplicates)} />
        <Tile
          name={t("data.views.unreadable")}
          value={n(health.unreadable)}
          tone={health.unreadable > 0 ? "bad" : undefined}
        />
        <Tile
          name={t("data.imbalance")}
          value={`${decimal(health.imbalance, language)} : 1`}
          tone={isImbalanced ? "unsure" : undefined}
          testId="imbalance"
        />
      </div>
      {health.compared < ready && (
        <p className="muted small" data-testid="compared">
          {t("data.comparedSome", { n: n(health.compared), total: n(ready) })}
        </p>
      )}
      <section className="card panel" aria-labelledby="advice-title">
        <h2 id="advice-title">{t("data.next")}</h2>
        {health.advice.length + confused.length === 0 && divided === 0 ? (
          <p data-testid="no-advice">{t("data.noAdvice")}</p>
        ) : (
          <ol className={css.advice} data-testid="advice">
            {divided !== null && divided > 0 && (
              <li>
                <Link to={{ search: `?dataset=${dataset.name}&view=divided` }}>
                  {t("data.dividedAdvice", { n: n(divided) })}
                </Link>
              </li>
            )}
            {health.advice.map((advice, index) => (
              <li key={index}>{adviceText(t, language, advice, dataset.classes)}</li>
            ))}
            {confused.map(({ label, answered, count }) => (
              <li key={`${label} ${answered}`}>
                {t("data.confusedAdvice", {
                  label: labelText(label, dataset.classes, language),
                  answered: labelText(answered, dataset.classes, language),
                  n: n(count),
                })}
              </li>
            ))}
          </ol>
        )}
      </section>
      {bars.length > 0 && (
        <section className="card panel" aria-labelledby="counts-title">
          <h2 id="counts-title">{t("data.perClass")}</h2>
          <BarChart
            summary={t("data.perClass")}
            bars={bars}
            x={t("data.class")}
            y={{ title: t("data.images") }}
            testId="class-counts"
          />
          {health.classes.length > MOST_BARS && (
            <p className="muted small">{t("data.largest", { n: n(MOST_BARS) })}</p>
          )}
        </section>
      )}
    </>
  );
}
