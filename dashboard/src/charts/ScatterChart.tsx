import {
  type ActiveElement,
  Chart,
  type ChartDataset,
  type ChartOptions,
  LinearScale,
  PointElement,
  ScatterController,
  Tooltip,
} from "chart.js";
import zoomPlugin from "chartjs-plugin-zoom";
import { useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Scatter } from "react-chartjs-2";

import { useLanguage } from "../i18n";
import { useScheme } from "../theme/colors";
import css from "./ScatterChart.module.css";
import { fontFamily } from "./style";

Chart.register(ScatterController, PointElement, LinearScale, Tooltip, zoomPlugin);

export interface ScatterGroup {
  name: string;
  color: string;
  /** `ring`: hollow and larger, to stand out; `target`: around another point. */
  mark: "dot" | "ring" | "target";
  points: readonly { x: number; y: number; index: number }[];
}

export interface ScatterChartProps {
  /** The chart in words, for screen readers. */
  summary: string;
  groups: readonly ScatterGroup[];
  /** Gets the index of the point under the pointer, `null` when it leaves. Must be stable. */
  onHover: (index: number | null) => void;
  /** Gets the index of the clicked point, `null` beside all points. Must be stable. */
  onSelect: (index: number | null) => void;
}

interface Point {
  x: number;
  y: number;
  index: number;
}

const MARKS = {
  dot: { borderWidth: 0, pointRadius: 3 },
  ring: { borderWidth: 2, pointRadius: 5 },
  target: { borderWidth: 3, pointRadius: 9 },
} as const;

/** Points without axes; zoom with wheel or pinch, pan by dragging. */
export default function ScatterChart({ summary, groups, onHover, onSelect }: ScatterChartProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const scheme = useScheme();
  const chart = useRef<Chart<"scatter", Point[]> | null>(null);

  const data = useMemo(
    () => ({
      datasets: groups.map(({ name, color, mark, points }) => ({
        label: name,
        data: [...points],
        borderColor: color,
        backgroundColor: mark === "dot" ? color : "transparent",
        pointHoverRadius: 7,
        pointHitRadius: 6,
        ...MARKS[mark],
      })),
    }),
    [groups],
  );
  // The chart keeps its zoom in the options: new options would reset it.
  const options = useMemo(() => scatterOptions(onHover, onSelect), [onHover, onSelect]);
  return (
    <>
      <Scatter
        key={`${scheme}-${language}`}
        aria-label={summary}
        ref={(drawn) => {
          chart.current = drawn ?? null;
        }}
        data={data}
        options={options}
      />
      <div className={css.zoom}>
        <button
          type="button"
          aria-label={t("chart.zoomIn")}
          onClick={() => {
            chart.current?.zoom(1.5);
          }}
        >
          +
        </button>
        <button
          type="button"
          aria-label={t("chart.zoomOut")}
          onClick={() => {
            chart.current?.zoom(1 / 1.5);
          }}
        >
          −
        </button>
        <button
          type="button"
          aria-label={t("chart.reset")}
          onClick={() => {
            chart.current?.resetZoom();
          }}
        >
          ↺
        </button>
      </div>
    </>
  );
}

const HIDDEN = { display: false, grace: "5%" } as const;

function scatterOptions(
  onHover: ScatterChartProps["onHover"],
  onSelect: ScatterChartProps["onSelect"],
): ChartOptions<"scatter"> {
  const index = ([first]: ActiveElement[], { data }: Chart) => {
    if (first === undefined) return null;
    const { data: points } = data.datasets[first.datasetIndex] as ChartDataset<"scatter", Point[]>;
    return points[first.index]?.index ?? null;
  };
  return {
    maintainAspectRatio: false,
    animation: false,
    font: { family: fontFamily() },
    interaction: { mode: "nearest", intersect: true },
    onHover: (_, elements, chart) => {
      onHover(index(elements, chart));
    },
    onClick: (_, elements, chart) => {
      onSelect(index(elements, chart));
    },
    scales: { x: { type: "linear", ...HIDDEN }, y: { type: "linear", ...HIDDEN } },
    plugins: {
      legend: { display: false },
      tooltip: { enabled: false },
      zoom: {
        limits: {
          x: { min: "original", max: "original" },
          y: { min: "original", max: "original" },
        },
        pan: { enabled: true },
        zoom: { wheel: { enabled: true, speed: 0.15 }, pinch: { enabled: true }, mode: "xy" },
      },
    },
  };
}
