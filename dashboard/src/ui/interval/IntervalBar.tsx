import type { CSSProperties } from "react";
import { useTranslation } from "react-i18next";
import type { Interval } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { FEW_IMAGES } from "../../config/limits";
import { percent, whole } from "../../i18n/format";
import { FewImages } from "../notice/FewImages";
import css from "./IntervalBar.module.css";

interface IntervalBarProps {
  share: number;
  interval: Interval | null;
  n: number;
  tone: "test" | "feedback";
}

/** A share as a bar, with its 95 % interval; of few images only how many there are. */
export function IntervalBar({ share, interval, n, tone }: IntervalBarProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  if (n < FEW_IMAGES) {
    return (
      <span className={css.few}>
        <span className="numeric">{`${whole(Math.round(share * n), language)} / ${whole(n, language)}`}</span>
        <FewImages n={n} needed={FEW_IMAGES} />
      </span>
    );
  }
  const range =
    interval &&
    t("accuracy.interval", {
      low: percent(interval.low, language),
      high: percent(interval.high, language),
    });
  const style = {
    "--share": `${share * 100}%`,
    "--low": `${(interval?.low ?? share) * 100}%`,
    "--high": `${(interval?.high ?? share) * 100}%`,
  } as CSSProperties;
  return (
    <div className={css.row} title={range ?? undefined}>
      <span className={css.track} style={style} aria-hidden>
        <span className={`${css.bar} ${css[tone]}`} />
        {interval && <span className={css.whisker} />}
      </span>
      <span className={css.value}>
        {percent(share, language)}
        {range && <span className="visually-hidden"> {range}</span>}
        <span className="muted"> n={whole(n, language)}</span>
      </span>
    </div>
  );
}
