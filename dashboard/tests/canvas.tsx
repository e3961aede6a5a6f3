import type { ChartData, ChartOptions } from "chart.js";

interface BarProps {
  data: ChartData<"bar", number[], string>;
  options: ChartOptions<"bar">;
}

/** jsdom cannot draw: the bars as text, from exactly what Chart.js would be given. */
export function Bar({ data, options }: BarProps) {
  return (
    <pre data-testid="bars" data-axis={options.indexAxis}>
      {data.labels?.map((label, rank) => `${label} ${data.datasets[0]?.data[rank] ?? ""}\n`)}
    </pre>
  );
}

interface PointsProps {
  data: ChartData<"line" | "scatter", { x: number; y: number }[]>;
}

function Points({ data }: PointsProps) {
  return (
    <pre data-testid="points">
      {data.datasets.map(
        ({ label, data: points }) =>
          `${label ?? ""}: ${points.map(({ x, y }) => `${x},${y}`).join(" ")}\n`,
      )}
    </pre>
  );
}

export const Line = Points;
export const Scatter = Points;
