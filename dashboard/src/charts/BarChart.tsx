import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartOptions,
  LinearScale,
  Tooltip,
} from "chart.js";
import { Bar } from "react-chartjs-2";

import { useLanguage } from "../i18n";
import { token, useScheme } from "../theme/colors";
import { useMediaQuery } from "../theme/useMediaQuery";
import { type Axis, axisOptions, axisTitle, fontFamily } from "./style";

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Tooltip);

export interface BarChartProps {
  /** The chart in words, for screen readers. */
  summary: string;
  bars: readonly { name: string; value: number }[];
  /** What the names of the bars are. */
  x: string;
  y: Axis;
}

/** Upright bars, as of a histogram. */
export default function BarChart({ summary, bars, x, y }: BarChartProps) {
  const language = useLanguage();
  const scheme = useScheme();
  const still = useMediaQuery("(prefers-reduced-motion: reduce)");
  const family = fontFamily();
  const data = {
    labels: bars.map(({ name }) => name),
    datasets: [
      {
        label: y.title,
        data: bars.map(({ value }) => value || null), // the shortest bar is not of none at all
        backgroundColor: token("--bar"),
        borderRadius: 4,
        maxBarThickness: 56,
        minBarLength: 2,
      },
    ],
  };
  const options: ChartOptions<"bar"> = {
    maintainAspectRatio: false,
    animation: still ? false : { duration: 250 },
    font: { family },
    scales: {
      x: {
        title: axisTitle(x),
        border: { color: token("--line") },
        grid: { display: false },
        ticks: { color: token("--text-muted"), font: { size: 12 } },
      },
      y: axisOptions(y, language),
    },
    plugins: {
      legend: { display: false },
      tooltip: { titleFont: { family }, bodyFont: { family } },
    },
  };
  return <Bar key={`${scheme}-${language}`} aria-label={summary} data={data} options={options} />;
}
