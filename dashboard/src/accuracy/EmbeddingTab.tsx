import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { ScatterChart } from "../charts/Chart";
import type { ScatterGroup } from "../charts/ScatterChart";
import { hue, token, useScheme } from "../theme/colors";
import css from "./EmbeddingTab.module.css";
import { picturesOf, type Report } from "./report";

/** The test pictures as the network sees them: near each other when it finds them alike. */
export function EmbeddingTab({ report }: { report: Report }) {
  const { t } = useTranslation();
  const scheme = useScheme();
  const [point, setPoint] = useState<number | null>(null);
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  const { labels } = report.data;
  const { x, y, truth, answer, skipped } = report.findings.embedding_map;
  const shown = useMemo(() => [...new Set(truth)].sort((a, b) => a - b), [truth]);

  const groups = useMemo<ScatterGroup[]>(() => {
    const points = truth
      .map((label, index) => ({ label, index, x: x[index] ?? 0, y: y[index] ?? 0 }))
      .filter(({ label }) => !hidden.has(label));
    const right = shown.map((label) => ({
      name: labels[label] ?? "",
      color: hue(label, labels.length, scheme),
      mark: "dot" as const,
      points: points.filter((entry) => entry.label === label && answer[entry.index] === label),
    }));
    const wrong = {
      name: t("accuracy.wrong"),
      color: token("--bad"),
      mark: "ring" as const,
      points: points.filter(({ label, index }) => answer[index] !== label),
    };
    return [...right, wrong];
  }, [x, y, truth, answer, labels, shown, hidden, scheme, t]);

  if (skipped !== null) {
    return (
      <section className="card panel">
        <p className="muted" lang="en">
          {skipped}
        </p>
      </section>
    );
  }
  const toggle = (label: number) => {
    const next = new Set(hidden);
    if (!next.delete(label)) next.add(label);
    setHidden(next);
  };
  return (
    <section className="card panel" aria-labelledby="map-title">
      <div>
        <h2 id="map-title">{t("accuracy.map")}</h2>
        <p className="muted small">{t("accuracy.mapText", { pictures: truth.length })}</p>
      </div>
      <div className={css.columns}>
        <ScatterChart
          groups={groups}
          onPoint={setPoint}
          summary={t("accuracy.mapText", { pictures: truth.length })}
          height={480}
          testId="embedding-map"
        />
        <div className={css.side}>
          <PointInfo report={report} point={point} />
          <ul className={css.legend} aria-label={t("accuracy.mapLegend")}>
            {shown.map((label) => (
              <li key={label}>
                <label className={css.entry}>
                  <input
                    type="checkbox"
                    checked={!hidden.has(label)}
                    onChange={() => {
                      toggle(label);
                    }}
                  />
                  <svg className={css.swatch} viewBox="0 0 10 10" aria-hidden>
                    <circle cx="5" cy="5" r="5" fill={hue(label, labels.length, scheme)} />
                  </svg>
                  {labels[label]}
                </label>
              </li>
            ))}
          </ul>
        </div>
      </div>
    </section>
  );
}

/** What is under the pointer; as high with nothing there. */
function PointInfo({ report, point }: { report: Report; point: number | null }) {
  const { t } = useTranslation();
  const { labels } = report.data;
  const map = report.findings.embedding_map;
  const truth = point === null ? undefined : labels[map.truth[point] ?? -1];
  const answer = point === null ? undefined : labels[map.answer[point] ?? -1];
  if (truth === undefined || answer === undefined) {
    return <p className={`muted small ${css.info}`}>{t("accuracy.mapHint")}</p>;
  }
  // The report keeps the pictures of its examples; a point of the same kind shows one of them.
  const [example] = picturesOf(report.findings, truth, answer);
  return (
    <div className={css.info} role="status">
      <p>
        <strong>{truth}</strong>
        {truth !== answer && <span className="error-text"> → {answer}</span>}
      </p>
      {example && (
        <img
          className={css.example}
          src={example.picture}
          alt={t("accuracy.pictureOf", { truth })}
        />
      )}
    </div>
  );
}
