import type { CSSProperties } from "react";
import type { Score } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { percent } from "../../i18n/format";
import css from "./Bars.module.css";

interface BarsProps {
  /** In the order of the rows. */
  scores: readonly Score[];
  /** The best score is not an answer. */
  unsure: boolean;
}

/**
 * The best labels as bars that are cheap to move: they are scaled, not laid out, and each keeps its
 * element while it keeps its row.
 */
export function Bars({ scores, unsure }: BarsProps) {
  const language = useLanguage();
  const best = Math.max(...scores.map(({ confidence }) => confidence));
  return (
    <ol className={css.bars} data-testid="device-bars">
      {scores.map(({ label, confidence }, row) => (
        <li key={row} className={css.row} data-testid="device-bar">
          <span className={css.label}>{label}</span>
          <span className={css.value}>{percent(confidence, language)}</span>
          <span className={css.track} aria-hidden>
            <span
              className={`${css.bar} ${confidence < best ? css.rest : ""} ${unsure ? css.unsure : ""}`}
              style={{ "--share": confidence } as CSSProperties}
            />
          </span>
        </li>
      ))}
    </ol>
  );
}
