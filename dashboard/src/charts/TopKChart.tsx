import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartOptions,
  LinearScale,
  type Plugin,
} from "chart.js";
import { Bar } from "react-chartjs-2";
import type { Score } from "visionflow-client";

import type { Language } from "../i18n";
import { percent } from "../i18n/format";
import { token, useScheme } from "../theme/colors";
import { useMediaQuery } from "../theme/useMediaQuery";

Chart.register(BarController, BarElement, CategoryScale, LinearScale);

interface TopKChartProps {
  scores: readonly Score[];
  unsure: boolean;
  language: Language;
}

export default function TopKChart({ scores, unsure, language }: TopKChartProps) {
  const still = useMediaQuery("(prefers-reduced-motion: reduce)");
  const scheme = useScheme(); // read the colours again when it changes
  const color = readColors(unsure);
  const fontFamily = getComputedStyle(document.body).fontFamily;

  const data = {
    labels: scores.map(({ label }) => label),
    datasets: [
      {
        data: scores.map(({ confidence }) => confidence),
        backgroundColor: scores.map((_, rank) => (rank === 0 ? color.best : color.rest)),
        borderRadius: 4,
        borderSkipped: false,
        barThickness: 16,
        minBarLength: 2,
      },
    ],
  };
  const options: ChartOptions<"bar"> = {
    indexAxis: "y",
    maintainAspectRatio: false,
    events: [],
    animation: still ? false : { duration: 350 },
    font: { family: fontFamily, size: 13 },
    layout: { padding: { right: 56 } },
    // Another page's chart may have brought the legend, which Chart.js then draws in each.
    plugins: { legend: { display: false } },
    scales: {
      x: { display: false, min: 0, max: 1 },
      y: {
        border: { display: false },
        grid: { display: false },
        ticks: { color: color.text, autoSkip: false, crossAlign: "far", font: { size: 14 } },
      },
    },
  };
  return (
    <Bar
      key={`${scheme}-${language}`}
      data={data}
      options={options}
      plugins={[valueLabels(language, color.muted, fontFamily)]}
    />
  );
}

/** Writes each bar's value at its end. */
function valueLabels(language: Language, color: string, fontFamily: string): Plugin<"bar"> {
  return {
    id: "value-labels",
    afterDatasetsDraw(chart) {
      const { ctx } = chart;
      ctx.save();
      ctx.font = `13px ${fontFamily}`;
      ctx.fillStyle = color;
      ctx.textBaseline = "middle";
      chart.getDatasetMeta(0).data.forEach((bar, rank) => {
        const value = chart.data.datasets[0]?.data[rank];
        if (typeof value === "number") ctx.fillText(percent(value, language), bar.x + 8, bar.y);
      });
      ctx.restore();
    },
  };
}

function readColors(unsure: boolean) {
  return {
    best: token(unsure ? "--bar-unsure" : "--bar"),
    rest: token(unsure ? "--bar-unsure-rest" : "--bar-rest"),
    text: token("--text"),
    muted: token("--text-muted"),
  };
}
