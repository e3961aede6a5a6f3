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
