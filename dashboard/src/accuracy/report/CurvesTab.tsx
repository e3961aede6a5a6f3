import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Curve, CurveSet, Findings, Reliability } from "../../api/artifact";
import { LineChart } from "../../charts/Chart";
import type { Series } from "../../charts/LineChart";
import { useLanguage } from "../../i18n";
import { decimal, percent } from "../../i18n/format";
import { Combobox } from "../../ui/combobox/Combobox";
import { ServerText } from "../../ui/ServerText";
import css from "./CurvesTab.module.css";

const SHARE = { min: 0, max: 1, percent: true } as const;
const DIAGONAL = [
  { x: 0, y: 0 },
  { x: 1, y: 1 },
];

/** How well the scores separate the classes, and how reliable the confidence is. */
export function CurvesTab({ findings }: { findings: Findings }) {
  const { t } = useTranslation();
  const { roc, precision_recall: precisionRecall, skipped } = findings.curves;
  const [label, setLabel] = useState<string | null>(null);
  const choices = roc?.classes.map((entry) => ({ name: entry.label })) ?? [];
  return (
    <div className="stack">
      {choices.length > 0 && (
        <div className={css.choice}>
          <Combobox
            name={t("accuracy.oneClass")}
            choices={choices}
            value={label}
            onChange={setLabel}
            placeholder={t("accuracy.noClass")}
            testId="curves-class"
          />
        </div>
      )}
      <div className={css.charts}>
        <ScoreCurves
          title={t("accuracy.roc")}
          text={t("accuracy.rocText")}
          set={roc}
          skipped={skipped}
          label={label}
          x={t("accuracy.falsePositives")}
          y={t("accuracy.truePositives")}
          reference={{ name: t("accuracy.chance"), points: DIAGONAL, reference: true }}
          testId="roc"
        />
        <ScoreCurves
          title={t("accuracy.pr")}
          text={t("accuracy.prText")}
          set={precisionRecall}
          skipped={skipped}
          label={label}
          x={t("accuracy.recall")}
          y={t("accuracy.precision")}
          testId="pr"
        />
        <ReliabilityChart {...findings.calibration} />
        <CoverageChart {...findings.calibration.coverage} />
      </div>
    </div>
  );
}

interface ScoreCurvesProps {
  title: string;
  text: string;
  set: CurveSet | null;
  skipped: string | null;
  label: string | null;
  x: string;
  y: string;
  reference?: Series;
  testId: string;
}

function ScoreCurves(props: ScoreCurvesProps) {
  const { title, text, set, skipped, label, x, y, reference, testId } = props;
  const { t } = useTranslation();
  const language = useLanguage();
  if (set === null) {
    return (
      <Chart title={title} text={text}>
        <p className="muted small">{skipped !== null && <ServerText text={skipped} />}</p>
      </Chart>
    );
  }
  const own = set.classes.find((entry) => entry.label === label);
  const named = (name: string, { area }: Curve) => `${name} (${decimal(area, language, 4)})`;
  const series: Series[] = [
    { name: named(t("accuracy.micro"), set.micro), points: points(set.micro) },
    { name: named(t("accuracy.macro"), set.macro), points: points(set.macro) },
    ...(own ? [{ name: named(own.label, own.curve), points: points(own.curve) }] : []),
    ...(reference ? [reference] : []),
  ];
  return (
    <Chart title={title} text={text}>
      <LineChart
        series={series}
        x={{ title: x, ...SHARE }}
        y={{ title: y, ...SHARE }}
        summary={`${title}: ${series.map(({ name }) => name).join(", ")}`}
        height={300}
        testId={testId}
      />
    </Chart>
  );
}

function ReliabilityChart({ before, after }: Findings["calibration"]) {
  const { t } = useTranslation();
  const language = useLanguage();
  const line = (name: string, { ece, bins }: Reliability): Series => ({
    name: `${name} (ECE ${percent(ece, language)})`,
    points: bins.map(({ confidence, accuracy }) => ({ x: confidence, y: accuracy })),
    dots: true,
  });
  const series = [
    line(t("accuracy.calibrated"), after),
    line(t("accuracy.raw"), before),
    { name: t("accuracy.perfect"), points: DIAGONAL, reference: true },
  ];
  return (
    <Chart title={t("accuracy.reliability")} text={t("accuracy.reliabilityText")}>
      <LineChart
        series={series}
        x={{ title: t("predict.confidence"), ...SHARE }}
        y={{ title: t("accuracy.rightShare"), ...SHARE }}
        summary={series.map(({ name }) => name).join(", ")}
        height={300}
        testId="reliability"
      />
    </Chart>
  );
}

function CoverageChart({ threshold, coverage, accuracy }: Findings["calibration"]["coverage"]) {
  const { t } = useTranslation();
  const over = (values: readonly number[]) =>
    threshold.map((x, index) => ({ x, y: values[index] ?? 0 }));
  return (
    <Chart title={t("accuracy.coverage")} text={t("accuracy.coverageText")}>
      <LineChart
        series={[
          { name: t("accuracy.named"), points: over(coverage) },
          { name: t("accuracy.rightOfNamed"), points: over(accuracy) },
        ]}
        x={{ title: t("accuracy.threshold"), ...SHARE }}
        y={{ title: "", ...SHARE }}
        summary={t("accuracy.coverageText")}
        height={300}
        testId="coverage"
      />
    </Chart>
  );
}

interface ChartProps {
  title: string;
  text: string;
  children: React.ReactNode;
}

function Chart({ title, text, children }: ChartProps) {
  return (
    <section className="card panel" aria-label={title}>
      <div>
        <h2>{title}</h2>
        <p className="muted small">{text}</p>
      </div>
      {children}
    </section>
  );
}

function points({ x, y }: Curve) {
  return x.map((value, index) => ({ x: value, y: y[index] ?? 0 }));
}
