import type { ChartData, ChartOptions } from "chart.js";

interface BarProps {
  "aria-label"?: string;
  data: ChartData<"bar", number[], string>;
  options: ChartOptions<"bar">;
}

/** jsdom cannot draw: the bars as text, from exactly what Chart.js would be given. */
export function Bar({ data, options, "aria-label": summary }: BarProps) {
  return (
    <pre data-testid="bars" data-axis={options.indexAxis} aria-label={summary}>
      {data.labels?.map((label, rank) => `${label} ${data.datasets[0]?.data[rank] ?? ""}\n`)}
    </pre>
  );
}

type Place = { x: number; y: number } | number | null;

interface PointsProps {
  data: ChartData<"line" | "scatter", Place[]>;
}

/** A value that has only a name on the axis is shown alone, a gap as a dash. */
function place(point: Place): string {
  if (point === null) return "–";
  return typeof point === "number" ? String(point) : `${point.x},${point.y}`;
}

function Points({ data }: PointsProps) {
  return (
    <pre data-testid="points">
      {data.datasets.map(
        ({ label, data: points }) => `${label ?? ""}: ${points.map(place).join(" ")}\n`,
      )}
    </pre>
  );
}

export const Line = Points;
export const Scatter = Points;
