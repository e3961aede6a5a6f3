import {
  type ActiveElement,
  Chart,
  type ChartOptions,
  LinearScale,
  PointElement,
  ScatterController,
  Tooltip,
} from "chart.js";
import zoomPlugin from "chartjs-plugin-zoom";
import { useRef } from "react";
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
  /** `ring`: hollow and larger, for what should be looked at first. */
  mark: "dot" | "ring";
  points: readonly { x: number; y: number; index: number }[];
}

export interface ScatterChartProps {
  /** What the chart shows, in words, for whoever cannot see it. */
  summary: string;
  groups: readonly ScatterGroup[];
  /** The index of the point under the pointer, `null` when it leaves. */
  onPoint: (index: number | null) => void;
}

/** Points without axes, which wheel, pinch and drag zoom and move. */
export default function ScatterChart({ summary, groups, onPoint }: ScatterChartProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const scheme = useScheme();
  const chart = useRef<Chart<"scatter", { x: number; y: number; index: number }[]> | null>(null);

  const data = {
    datasets: groups.map(({ name, color, mark, points }) => ({
      label: name,
      data: [...points],
      borderColor: color,
      backgroundColor: mark === "ring" ? "transparent" : color,
      borderWidth: mark === "ring" ? 2 : 0,
      pointRadius: mark === "ring" ? 5 : 3,
      pointHoverRadius: 7,
      pointHitRadius: 6,
    })),
  };
  const point = (elements: ActiveElement[]) => {
    const [first] = elements;
    if (first === undefined) return null;
    return groups[first.datasetIndex]?.points[first.index]?.index ?? null;
  };
  const hidden = { display: false, grace: "5%" } as const;
  const options: ChartOptions<"scatter"> = {
    maintainAspectRatio: false,
    animation: false,
    font: { family: fontFamily() },
    interaction: { mode: "nearest", intersect: true },
    onHover: (_, elements) => {
      onPoint(point(elements));
    },
    onClick: (_, elements) => {
      onPoint(point(elements));
    },
    scales: { x: { type: "linear", ...hidden }, y: { type: "linear", ...hidden } },
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
