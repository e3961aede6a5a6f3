import { memo } from "react";
import { useTranslation } from "react-i18next";
import type { LogEntry } from "visionflow-client";

import { useLanguage } from "../i18n";
import { clockTime } from "../i18n/format";
import { isFresh } from "../records/feed/feed";
import { RecordTile } from "../records/record/RecordTile";
import css from "./Stream.module.css";

const SHOWN = 20;

interface StreamProps {
  rows: readonly LogEntry[];
  isLoading: boolean;
  onOpen: (id: string) => void;
}

/** The latest images, newest first. */
export const Stream = memo(function Stream({ rows, isLoading, onOpen }: StreamProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  if (isLoading) {
    return (
      <div className={css.grid} role="status" aria-label={t("app.loading")}>
        {Array.from({ length: SHOWN }, (_, index) => (
          <div key={index} className={`skeleton ${css.placeholder}`} />
        ))}
      </div>
    );
  }
  return (
    <ul className={css.grid} data-testid="live-stream">
      {rows.slice(0, SHOWN).map((row) => (
        <li
          key={row.id}
          className={`${css.item} ${isFresh(row) ? css.arrived : ""}`}
          data-testid="live-item"
          data-id={row.id}
        >
          <RecordTile
            row={row}
            time={clockTime(Date.parse(row.created_at), language)}
            onOpen={onOpen}
          />
        </li>
      ))}
    </ul>
  );
});
