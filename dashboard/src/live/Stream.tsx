import { memo } from "react";
import { useTranslation } from "react-i18next";

import type { LogEntry } from "../api/types";
import { useLanguage } from "../i18n";
import { isFresh } from "../records/feed";
import { clockTime, percent } from "../ui/format";
import { StatusChip } from "../ui/StatusChip";
import { Thumbnail } from "../ui/Thumbnail";
import css from "./Stream.module.css";

const SHOWN = 20;

interface StreamProps {
  rows: readonly LogEntry[];
  isLoading: boolean;
  onOpen: (id: string) => void;
}

/** The pictures as they come in, newest first. */
export const Stream = memo(function Stream({ rows, isLoading, onOpen }: StreamProps) {
  const { t } = useTranslation();
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
          <Arrival row={row} onOpen={onOpen} />
        </li>
      ))}
    </ul>
  );
});

function Arrival({ row, onOpen }: { row: LogEntry; onOpen: (id: string) => void }) {
  const language = useLanguage();
  const { status, label, confidence, created_at } = row;
  return (
    <button
      type="button"
      className={css.button}
      onClick={() => {
        onOpen(row.id);
      }}
    >
      <Thumbnail className={css.picture} url={row.thumbnail_url} />
      <span className={css.caption}>
        {status === "ok" ? (
          <strong className={css.label}>{label}</strong>
        ) : (
          <StatusChip status={status} />
        )}
        <span className={css.details}>
          <time dateTime={created_at}>{clockTime(Date.parse(created_at), language)}</time>
          {status === "ok" && confidence !== null && <span>{percent(confidence, language)}</span>}
        </span>
      </span>
    </button>
  );
}
