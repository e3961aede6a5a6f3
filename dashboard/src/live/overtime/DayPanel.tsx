import { useTranslation } from "react-i18next";

import { DayChart } from "../../charts/Chart";
import type { DayChartProps } from "../../charts/DayChart";

interface DayPanelProps extends Omit<DayChartProps, "summary"> {
  id: string;
  title: string;
  /** The same in a number or two. */
  total: string;
  text?: string;
  /** Why nothing is drawn, if so. */
  few: string | null;
  /** Days with fewer than so many are left out, if some were. */
  gaps: number | null;
  /** Only so many versions are drawn, if there are more. */
  most?: number | null;
}

/** One chart, or in words why there is none. */
export function DayPanel(props: DayPanelProps) {
  const { t } = useTranslation();
  const { id, title, total, text, few, gaps, most = null, ...chart } = props;
  return (
    <section className="card panel" aria-labelledby={id} data-testid={id}>
      <div className="panel-heading">
        <h2 id={id}>{title}</h2>
        <p className="muted small numeric">{total}</p>
      </div>
      {text !== undefined && <p className="muted small">{text}</p>}
      {few === null ? (
        <DayChart {...chart} summary={`${title}: ${total}`} testId={`${id}-chart`} />
      ) : (
        <p data-testid={`${id}-few`}>{few}</p>
      )}
      {few === null && gaps !== null && (
        <p className="muted small">{t("overTime.gaps", { least: gaps })}</p>
      )}
      {few === null && most !== null && (
        <p className="muted small">{t("overTime.most", { n: most })}</p>
      )}
    </section>
  );
}
