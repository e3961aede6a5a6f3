import type { LogEntry } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { percent } from "../../i18n/format";
import { Thumbnail } from "../../ui/Thumbnail";
import { FeedbackMark } from "../feedback/FeedbackMark";
import { FileName } from "./FileName";
import { OriginMark } from "../origin/OriginMark";
import css from "./RecordTile.module.css";
import { StatusChip } from "./StatusChip";
import { useRecordThumbnail } from "../thumbnail/useRecordThumbnail";

interface RecordTileProps {
  row: LogEntry;
  /** The record's time, formatted for the tile. */
  time: string;
  onOpen: (id: string) => void;
}

/** A record as its image with the answer; fills its container. */
export function RecordTile({ row, time, onOpen }: RecordTileProps) {
  const language = useLanguage();
  const { status, label, parents, confidence } = row;
  return (
    <button
      type="button"
      className={css.tile}
      onClick={() => {
        onOpen(row.id);
      }}
    >
      <Thumbnail className={css.image} url={useRecordThumbnail(row)} />
      <span className={css.caption}>
        {status === "ok" ? (
          <span className={css.answer}>
            <strong
              className={css.label}
              title={[...parents, label].join(" › ")}
              data-testid="row-label"
            >
              {label}
              <FeedbackMark record={row} />
              <OriginMark record={row} />
            </strong>
            {confidence !== null && (
              <span className={css.detail}>{percent(confidence, language)}</span>
            )}
          </span>
        ) : (
          <span className={css.label}>
            <StatusChip record={row} />
            <OriginMark record={row} />
            <FeedbackMark record={row} />
          </span>
        )}
        <FileName name={row.filename} className={`${css.detail} ${css.filename}`} />
        <time className={css.detail} dateTime={row.created_at}>
          {time}
        </time>
      </span>
    </button>
  );
}
