import {
  Chart,
  type ChartOptions,
  type Plugin,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
} from "chart.js";
import { Line } from "react-chartjs-2";

import { useLanguage } from "../i18n";
import { token, useScheme } from "../theme/colors";
import { useMediaQuery } from "../theme/useMediaQuery";
import { type Axis, axisOptions, fontFamily, legend, strokeOf } from "./style";

Chart.register(LineController, LineElement, PointElement, LinearScale, Tooltip, Legend);

interface Point {
  x: number;
  y: number;
  /** Written beside the point. */
  note?: string;
}

export interface Series {
  name: string;
  points: readonly Point[];
  /** A reference line: thin and dashed. */
  reference?: boolean;
  /** Draw each point, not only the line. */
  dots?: boolean;
  /** Which of `strokeOf` it has, dashes too; by default its place's colour, drawn through. */
  style?: number;
}

export interface LineChartProps {
  /** The chart in words, for screen readers. */
  summary: string;
  series: readonly Series[];
  x: Axis;
  y: Axis;
}

export default function LineChart({ summary, series, x, y }: LineChartProps) {
  const language = useLanguage();
  const scheme = useScheme();
  const still = useMediaQuery("(prefers-reduced-motion: reduce)");
  const family = fontFamily();
  const muted = token("--text-muted");

  const data = {
    datasets: series.map(({ name, points, reference = false, dots = false, style }, index) => {
      const { color: own, dash } = strokeOf(style ?? index);
      const color = reference ? muted : own;
      return {
        label: name,
        data: [...points],
        borderColor: color,
        backgroundColor: color,
        borderWidth: reference ? 1 : 2,
        borderDash: reference ? [4, 4] : style === undefined ? [] : dash,
        pointRadius: points.map(({ note }) =>
          dots || note !== undefined || points.length === 1 ? 3 : 0,
        ),
        pointHitRadius: 8,
        tension: 0,
      };
    }),
  };
  const options: ChartOptions<"line"> = {
    maintainAspectRatio: false,
    animation: still ? false : { duration: 250 },
    interaction: { mode: "nearest", axis: "x", intersect: false },
    font: { family },
    parsing: false,
    normalized: true,
    scales: { x: axisOptions(x, language), y: axisOptions(y, language) },
    plugins: {
      legend: legend(series.length > 1),
      tooltip: { titleFont: { family }, bodyFont: { family } },
    },
  };
  return (
    <Line
      key={`${scheme}-${language}`}
      aria-label={summary}
      data={data}
      options={options}
      plugins={[notes(muted, family)]}
    />
  );
}

/**
 * Writes the notes of points beside them, toward the middle of the chart. They are read from the
 * chart's own data: a plugin stays as it was when the chart was made.
 */
function notes(color: string, family: string): Plugin<"line"> {
  return {
    id: "notes",
    afterDatasetsDraw(chart) {
      const { ctx, chartArea } = chart;
      const middle = (chartArea.left + chartArea.right) / 2;
      ctx.save();
      ctx.font = `11px ${family}`;
      ctx.fillStyle = color;
      chart.data.datasets.forEach(({ data }, place) => {
        const points = data as readonly (Point | undefined)[];
        chart.getDatasetMeta(place).data.forEach(({ x, y }, index) => {
          const note = points[index]?.note;
          if (note === undefined || !chart.isDatasetVisible(place)) return;
          ctx.textAlign = x > middle ? "right" : "left";
          ctx.fillText(note, x + (x > middle ? -6 : 6), Math.min(y + 14, chartArea.bottom - 2));
        });
      });
      ctx.restore();
    },
  };
}
