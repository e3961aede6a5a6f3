import { type CSSProperties, lazy, Suspense } from "react";

import type { BarChartProps } from "./BarChart";
import css from "./Chart.module.css";
import type { DayChartProps } from "./DayChart";
import type { LineChartProps } from "./LineChart";
import type { ScatterChartProps } from "./ScatterChart";

// Chart.js is the largest dependency; it loads with the first chart.
const LazyBarChart = lazy(() => import("./BarChart"));
const LazyDayChart = lazy(() => import("./DayChart"));
const LazyLineChart = lazy(() => import("./LineChart"));
const LazyScatterChart = lazy(() => import("./ScatterChart"));

interface Framed {
  /** Pixels; set before the chart's code is loaded, so that nothing moves. */
  height?: number;
  testId?: string;
}

export function BarChart({ height = 220, testId, ...props }: BarChartProps & Framed) {
  return (
    <Frame height={height} testId={testId}>
      <LazyBarChart {...props} />
    </Frame>
  );
}

export function DayChart({ height = 240, testId, ...props }: DayChartProps & Framed) {
  return (
    <Frame height={height} testId={testId}>
      <LazyDayChart {...props} />
    </Frame>
  );
}

export function LineChart({ height = 260, testId, ...props }: LineChartProps & Framed) {
  return (
    <Frame height={height} testId={testId}>
      <LazyLineChart {...props} />
    </Frame>
  );
}

export function ScatterChart({ height = 420, testId, ...props }: ScatterChartProps & Framed) {
  return (
    <Frame height={height} testId={testId}>
      <LazyScatterChart {...props} />
    </Frame>
  );
}

interface FrameProps {
  height: number;
  testId: string | undefined;
  children: React.ReactNode;
}

function Frame({ height, testId, children }: FrameProps) {
  return (
    <figure className={css.figure} data-testid={testId}>
      <div className={css.frame} style={{ "--height": `${height}px` } as CSSProperties}>
        <Suspense>{children}</Suspense>
      </div>
    </figure>
  );
}
