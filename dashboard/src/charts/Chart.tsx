import { type CSSProperties, lazy, Suspense, useRef } from "react";

import type { BarChartProps } from "./BarChart";
import css from "./Chart.module.css";
import type { DayChartProps } from "./DayChart";
import type { LineChartProps } from "./LineChart";
import type { ScatterChartProps } from "./ScatterChart";
import { useNear } from "./useNear";

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
    <Frame height={height} testId={testId} summary={props.summary}>
      <LazyBarChart {...props} />
    </Frame>
  );
}

export function DayChart({ height = 240, testId, ...props }: DayChartProps & Framed) {
  return (
    <Frame height={height} testId={testId} summary={props.summary}>
      <LazyDayChart {...props} />
    </Frame>
  );
}

export function LineChart({ height = 260, testId, ...props }: LineChartProps & Framed) {
  return (
    <Frame height={height} testId={testId} summary={props.summary}>
      <LazyLineChart {...props} />
    </Frame>
  );
}

export function ScatterChart({ height = 420, testId, ...props }: ScatterChartProps & Framed) {
  return (
    <Frame height={height} testId={testId} summary={props.summary}>
      <LazyScatterChart {...props} />
    </Frame>
  );
}

interface FrameProps {
  height: number;
  testId: string | undefined;
  summary: string;
  children: React.ReactNode;
}

/** Draws a chart when it comes near the window; until then it is there in words. */
function Frame({ height, testId, summary, children }: FrameProps) {
  const frame = useRef<HTMLDivElement>(null);
  const isNear = useNear(frame);
  return (
    <figure className={css.figure} data-testid={testId}>
      <div
        ref={frame}
        className={css.frame}
        style={{ "--height": `${height}px` } as CSSProperties}
        {...(!isNear && { role: "img", "aria-label": summary })}
      >
        {isNear && <Suspense>{children}</Suspense>}
      </div>
    </figure>
  );
}
