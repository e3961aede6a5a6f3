import { useTranslation } from "react-i18next";

import css from "./Arrivals.module.css";
import { RATE_WINDOW_MS, SLOT_MS } from "./numbers";

const HEIGHT = 48;

interface ArrivalsProps {
  arrivals: readonly number[];
  /** The records are not known yet. */
  isLoading: boolean;
}

/** Images per time slot in the last minutes. */
export function Arrivals({ arrivals, isLoading }: ArrivalsProps) {
  const { t } = useTranslation();
  const most = Math.max(...arrivals, 1);
  const total = arrivals.reduce((sum, count) => sum + count, 0);
  const summary = t("live.arrivalsSummary", { total, minutes: RATE_WINDOW_MS / 60_000 });
  return (
    <section className="card panel" aria-label={t("live.arrivals")}>
      <div className="panel-heading">
        <h2>{t("live.arrivals")}</h2>
        <p className="muted small numeric">
          {!isLoading && t("live.perSlot", { seconds: SLOT_MS / 1000, most })}
        </p>
      </div>
      <svg
        className={css.chart}
        viewBox={`0 0 ${arrivals.length * 10} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={isLoading ? t("app.loading") : summary}
        data-testid="live-arrivals"
      >
        {arrivals.map((count, slot) => {
          const height = Math.max((count / most) * HEIGHT, 1);
          return (
            <rect
              key={slot}
              className={count > 0 ? css.some : css.none}
              x={slot * 10 + 1}
              y={HEIGHT - height}
              width={8}
              height={height}
            />
          );
        })}
      </svg>
      <p className={`muted small ${css.scale}`}>
        <span>{t("live.minutesAgo", { minutes: RATE_WINDOW_MS / 60_000 })}</span>
        <span>{t("live.now")}</span>
      </p>
    </section>
  );
}
