import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  type Plugin,
  PointElement,
  Tooltip,
} from "chart.js";
import { Bar, Line } from "react-chartjs-2";

import { useLanguage } from "../i18n";
import { token, useScheme } from "../theme/colors";
import { useMediaQuery } from "../theme/useMediaQuery";
import { type Axis, axisOptions, fontFamily, legend, strokeOf } from "./style";

Chart.register(
  BarController,
  BarElement,
  LineController,
  LineElement,
  PointElement,
  CategoryScale,
  LinearScale,
  Tooltip,
  Legend,
);

export interface DaySeries {
  name: string;
  /** One for each day; `null` leaves a gap. */
  values: readonly (number | null)[];
  /** The interval around each value. */
  low?: readonly (number | null)[];
  high?: readonly (number | null)[];
}

export interface DayChartProps {
  /** The chart in words, for screen readers. */
  summary: string;
  /** `stack`: bars on each other; `lines`: one line each, with the interval of each point. */
  kind: "stack" | "lines";
  days: readonly string[];
  series: readonly DaySeries[];
  y: Axis;
}

/** Values by day. */
export default function DayChart({ summary, kind, days, series, y }: DayChartProps) {
  const language = useLanguage();
  const scheme = useScheme();
  const still = useMediaQuery("(prefers-reduced-motion: reduce)");
  const family = fontFamily();
  const stacked = kind === "stack";
  const options = {
    maintainAspectRatio: false,
    animation: still ? (false as const) : { duration: 250 },
    interaction: { mode: "index" as const, intersect: false },
    font: { family },
    scales: {
      x: {
        stacked,
        border: { color: token("--line") },
        grid: { display: false },
        ticks: {
          color: token("--text-muted"),
          font: { size: 12 },
          maxRotation: 0,
          autoSkipPadding: 16,
        },
      },
      y: { ...axisOptions({ min: 0, ...y }, language), stacked },
    },
    plugins: {
      legend: legend(series.length > 1),
      tooltip: { titleFont: { family }, bodyFont: { family } },
    },
  };
  const key = `${scheme}-${language}`;
  const styled = series.map(({ name, values, low = [], high = [] }, index) => {
    const { color, dash, point } = strokeOf(index);
    return {
      label: name,
      data: [...values],
      low,
      high,
      borderColor: color,
      backgroundColor: color,
      ...(stacked
        ? { maxBarThickness: 40 }
        : { borderWidth: 2, borderDash: dash, pointStyle: point, pointRadius: 4, tension: 0 }),
    };
  });
  const data = { labels: [...days], datasets: styled };
  return stacked ? (
    <Bar key={key} aria-label={summary} data={data} options={options} />
  ) : (
    <Line key={key} aria-label={summary} data={data} options={options} plugins={[INTERVALS]} />
  );
}

/**
 * A thin upright line from the low to the high end of each point's interval. They are read from the
 * chart's own data: a plugin stays as it was when the chart was made.
 */
const INTERVALS: Plugin<"line"> = {
  id: "intervals",
  beforeDatasetsDraw(chart) {
    const { ctx, scales } = chart;
    chart.data.datasets.forEach((dataset, index) => {
      const { low = [], high = [] } = dataset as Pick<DaySeries, "low" | "high">;
      const meta = chart.getDatasetMeta(index);
      const scale = scales.y;
      if (!scale || meta.hidden) return;
      ctx.save();
      ctx.strokeStyle = strokeOf(index).color;
      ctx.globalAlpha = 0.6;
      ctx.lineWidth = 1.5;
      meta.data.forEach((point, day) => {
        const from = low[day];
        const to = high[day];
        if (from === null || from === undefined || to === null || to === undefined) return;
        ctx.beginPath();
        ctx.moveTo(point.x, scale.getPixelForValue(from));
        ctx.lineTo(point.x, scale.getPixelForValue(to));
        ctx.stroke();
      });
      ctx.restore();
    });
  },
};
