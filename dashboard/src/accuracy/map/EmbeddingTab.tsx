import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Report } from "visionflow-client";

import { ScatterChart } from "../../charts/Chart";
import type { ScatterGroup } from "../../charts/ScatterChart";
import { hue, token, useScheme } from "../../theme/colors";
import { Combobox } from "../../ui/combobox/Combobox";
import { ServerText } from "../../ui/notice/ServerText";
import { choicesOf, treeOf } from "../report/report";
import css from "./EmbeddingTab.module.css";
import { mapGroups } from "./mapGroups";
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
  const [hidden, setHidden] = useState<ReadonlySet<string | null>>(new Set());
  const [picked, setPicked] = useState<string | null>(null);
  const { x, y, truth, answer, skipped } = report.findings.embedding_map;
  const tree = useMemo(() => treeOf(report), [report]);
  const choices = useMemo(() => choicesOf(tree), [tree]);
  const legend = useMemo(() => {
    const shown = [...new Set(truth)].sort((a, b) => a - b);
    return mapGroups(tree, shown).map((group, index, { length }) => ({
      ...group,
      color: hue(index, length, scheme),
    }));
  }, [tree, truth, scheme]);
  const isCoarse = legend.some(({ labels }) => labels.size > 1);

  const { groups, order } = useMemo(() => {
    const visible = new Set(
      legend.flatMap(({ name, labels }) => (hidden.has(name) ? [] : [...labels])),
    );
    const found = new Set(picked === null ? [] : tree.leaves(picked));
    const points = truth
      .map((label, index) => ({ label, index, x: x[index] ?? 0, y: y[index] ?? 0 }))
      .filter(({ label }) => visible.has(label) || found.has(label));
    const isRight = ({ label, index }: { label: number; index: number }) => answer[index] === label;
    const right = legend.map(({ name, labels, color }): ScatterGroup => ({
      name: name ?? t("accuracy.allClasses"),
      color,
      mark: "dot",
      points: points.filter(
        (entry) => labels.has(entry.label) && !found.has(entry.label) && isRight(entry),
      ),
    }));
    const wrong: ScatterGroup = {
      name: t("accuracy.wrong"),
      color: token("--bad"),
      mark: "ring",
      points: points.filter((entry) => !isRight(entry)),
    };
    const chosen: ScatterGroup = {
      name: picked ?? "",
      color: token("--text"),
      mark: "dot",
      points: points.filter((entry) => found.has(entry.label) && isRight(entry)),
    };
    const target: ScatterGroup = {
      name: t("accuracy.mapSelected"),
      color: token("--text"),
      mark: "target",
      points: points.filter(({ index }) => index === selected),
    };
    // Mistakes first, then class by class.
    const order = [wrong, chosen, ...right].flatMap((group) =>
      group.points.map(({ index }) => index),
    );
    return { groups: [...(picked === null ? [] : [chosen]), ...right, wrong, target], order };
  }, [x, y, truth, answer, tree, legend, hidden, picked, selected, t]);

  if (skipped !== null) {
    return (
      <section className="card panel">
        <p className="muted">
          <ServerText text={skipped} />
        </p>
      </section>
    );
  }
  const toggle = (name: string | null) => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
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
            tree={tree}
            sheet={sheet}
            point={hovered ?? selected}
            order={order}
            onSelect={setSelected}
          />
          {isCoarse && (
            <Combobox
              name={t("accuracy.mapFind")}
              choices={choices}
              value={picked}
              onChange={setPicked}
              placeholder={t("accuracy.noClass")}
              testId="map-find"
            />
          )}
          <ul className={css.legend} aria-label={t("accuracy.mapLegend")}>
            {legend.map(({ name, color }) => (
              <li key={name}>
                <label className={css.entry}>
                  <input
                    type="checkbox"
                    checked={!hidden.has(name)}
                    onChange={() => {
                      toggle(name);
                    }}
                  />
                  <svg className={css.swatch} viewBox="0 0 10 10" aria-hidden>
                    <circle cx="5" cy="5" r="5" fill={color} />
                  </svg>
                  {name ?? t("accuracy.allClasses")}
                </label>
              </li>
            ))}
          </ul>
        </div>
      </div>
    </section>
  );
}
