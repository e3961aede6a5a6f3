import { useTranslation } from "react-i18next";
import type { BackOffPoint, Levels } from "visionflow-client";

import { LineChart } from "../../charts/Chart";
import { IntervalBar } from "../../ui/interval/IntervalBar";
import { useLanguage } from "../../i18n";
import { percent, whole } from "../../i18n/format";
import { DataTable } from "../../ui/DataTable";
import { Tile } from "../../ui/Tile";
import css from "./Headline.module.css";
import type { Holding } from "./holding";
import { NeverUnknown } from "./NeverUnknown";

interface LevelsTabProps {
  /** `null`: the labels have no parents; `undefined`: the version is older than the measurement. */
  levels: Levels | null | undefined;
  /** Test images. */
  images: number;
  holding: Holding;
}

/** How right the answers are at each level of the labels, and what backing off to a parent does. */
export function LevelsTab({ levels, images, holding }: LevelsTabProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  if (!levels) {
    return (
      <section className="card panel">
        <p className="muted" data-testid="no-levels">
          {t("accuracy.noLevels")}
        </p>
      </section>
    );
  }
  return (
    <div className="stack">
      <Served point={levels.served} holding={holding} />
      <section className="card panel" aria-labelledby="levels-title">
        <div>
          <h2 id="levels-title">{t("accuracy.byLevel")}</h2>
          <p className="muted small">{t("accuracy.byLevelText")}</p>
        </div>
        <DataTable
          columns={[
            { name: t("accuracy.level") },
            { name: t("accuracy.levelNames"), end: true },
            { name: t("accuracy.top1") },
            { name: t("accuracy.ece"), end: true },
          ]}
          labelledBy="levels-title"
          testId="levels"
        >
          {levels.levels.map(({ level, names, top1, top1_interval: interval, ece }, index) => (
            <tr key={level}>
              <th scope="row">
                {index === levels.levels.length - 1
                  ? t("accuracy.levelLabels")
                  : t(index === 0 ? "accuracy.levelTop" : "accuracy.levelN", { n: level })}
              </th>
              <td className="end">{whole(names, language)}</td>
              <td>
                <IntervalBar share={top1} interval={interval} n={images} tone="test" />
              </td>
              <td className="end">{percent(ece, language)}</td>
            </tr>
          ))}
        </DataTable>
      </section>
      <BackOff levels={levels} />
    </div>
  );
}

/** What the threshold of the version does on the test images. */
function Served({ point, holding }: { point: BackOffPoint; holding: Holding }) {
  const { threshold, leaf, parent, right } = point;
  const { t } = useTranslation();
  const language = useLanguage();
  const share = (value: number) => percent(value, language);
  return (
    <section className="card panel" aria-labelledby="served-title" data-testid="back-off">
      <div>
        <h2 id="served-title">{t("accuracy.backOff")}</h2>
        <p className="muted small">{t("accuracy.backOffText", { threshold: share(threshold) })}</p>
      </div>
      <NeverUnknown holding={holding} />
      <div className={css.tiles}>
        <Tile name={t("accuracy.namesLabel")} value={share(leaf)} note={t("proof.ofTest")} />
        <Tile name={t("accuracy.namesParent")} value={share(parent)} note={t("proof.ofTest")} />
        <Tile
          name={t("accuracy.namesNothing")}
          value={share(Math.max(1 - leaf - parent, 0))}
          note={t("proof.ofTest")}
        />
        <Tile
          name={t("accuracy.rightAtLevel")}
          value={share(right)}
          note={t("accuracy.rightAtLevelNote")}
        />
      </div>
    </section>
  );
}

function BackOff({ levels: { curve, served } }: { levels: Levels }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const over = (value: (point: BackOffPoint) => number, points = curve) =>
    points.map((point) => ({ x: point.threshold, y: value(point) }));
  // Nothing is right or wrong where nothing is named.
  const named = curve.filter(({ leaf, parent }) => leaf + parent > 0);
  const series = [
    { name: t("accuracy.namesLabel"), points: over(({ leaf }) => leaf) },
    { name: t("accuracy.namesEither"), points: over(({ leaf, parent }) => leaf + parent) },
    { name: t("accuracy.rightAtLevel"), points: over(({ right }) => right, named) },
    {
      name: t("accuracy.servedAt", { threshold: percent(served.threshold, language) }),
      points: [
        { x: served.threshold, y: 0 },
        { x: served.threshold, y: 1 },
      ],
      reference: true,
    },
  ];
  return (
    <section className="card panel" aria-label={t("accuracy.backOffCurve")}>
      <div>
        <h2>{t("accuracy.backOffCurve")}</h2>
        <p className="muted small">{t("accuracy.backOffCurveText")}</p>
      </div>
      <LineChart
        series={series}
        x={{ title: t("accuracy.threshold"), min: 0, max: 1, percent: true }}
        y={{ title: "", min: 0, max: 1, percent: true }}
        summary={`${t("accuracy.backOffCurve")}: ${series.map(({ name }) => name).join(", ")}`}
        height={320}
        testId="back-off-curve"
      />
    </section>
  );
}
