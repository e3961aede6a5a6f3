import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Report } from "../../api/artifact";
import { ScatterChart } from "../../charts/Chart";
import type { ScatterGroup } from "../../charts/ScatterChart";
import { hue, token, useScheme } from "../../theme/colors";
import css from "./EmbeddingTab.module.css";
import { PointInfo } from "./PointInfo";

interface EmbeddingTabProps {
  report: Report;
  /** The file with the images of all points; older versions have none. */
  sheet: string | undefined;
}

/** The embeddings of the test images in two dimensions (t-SNE). */
export function EmbeddingTab({ report, sheet }: EmbeddingTabProps) {
  const { t } = useTranslation();
  const scheme = useScheme();
  const [hovered, setHovered] = useState<number | null>(null);
  const [selected, setSelected] = useState<number | null>(null);
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  const { labels } = report.data;
  const { x, y, truth, answer, skipped } = report.findings.embedding_map;
  const shown = useMemo(() => [...new Set(truth)].sort((a, b) => a - b), [truth]);

  const { groups, order } = useMemo(() => {
    const points = truth
      .map((label, index) => ({ label, index, x: x[index] ?? 0, y: y[index] ?? 0 }))
      .filter(({ label }) => !hidden.has(label));
    const right = shown.map((label): ScatterGroup => ({
      name: labels[label] ?? "",
      color: hue(label, labels.length, scheme),
      mark: "dot",
      points: points.filter((entry) => entry.label === label && answer[entry.index] === label),
    }));
    const wrong: ScatterGroup = {
      name: t("accuracy.wrong"),
      color: token("--bad"),
      mark: "ring",
      points: points.filter(({ label, index }) => answer[index] !== label),
    };
    const target: ScatterGroup = {
      name: t("accuracy.mapSelected"),
      color: token("--text"),
      mark: "target",
      points: points.filter(({ index }) => index === selected),
    };
    // Mistakes first, then class by class.
    const order = [wrong, ...right].flatMap((group) => group.points.map(({ index }) => index));
    return { groups: [...right, wrong, target], order };
  }, [x, y, truth, answer, labels, shown, hidden, selected, scheme, t]);

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
        <p className="muted small">{t("accuracy.mapText", { images: truth.length })}</p>
      </div>
      <div className={css.columns}>
        <ScatterChart
          groups={groups}
          onHover={setHovered}
          onSelect={setSelected}
          summary={t("accuracy.mapText", { images: truth.length })}
          height={480}
          testId="embedding-map"
        />
        <div className={css.side}>
          <PointInfo
            report={report}
            sheet={sheet}
            point={hovered ?? selected}
            order={order}
            onSelect={setSelected}
          />
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
