import { memo } from "react";
import { useTranslation } from "react-i18next";
import type { LogEntry } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { dateTime, percent, shortDateTime } from "../../i18n/format";
import { isFresh } from "../../records/feed/feed";
import { FeedbackMark } from "../../records/feedback/FeedbackMark";
import { FileName } from "../../records/record/FileName";
import { deviceOf } from "../../records/origin/origin";
import { OriginMark } from "../../records/origin/OriginMark";
import { StatusChip } from "../../records/record/StatusChip";
import { useRecordThumbnail } from "../../records/thumbnail/useRecordThumbnail";
import { FailureText } from "../../ui/notice/FailureText";
import { Thumbnail } from "../../ui/Thumbnail";
import { SelectBox } from "../select/SelectBox";
import css from "./HistoryList.module.css";

interface HistoryRowProps {
  row: LogEntry;
  /** Pixels from the top of the list. */
  offset: number;
  /** 1 for the newest. */
  position: number;
  isSelected: boolean;
  onSelect: (id: string, extend: boolean) => void;
  onOpen: (id: string) => void;
}

export const HistoryRow = memo(function HistoryRow({
  row,
  offset,
  position,
  isSelected,
  onSelect,
  onOpen,
}: HistoryRowProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const device = deviceOf(row);
  return (
    <li
      className={`${css.item} ${isFresh(row) ? css.arrived : ""}`}
      style={{ transform: `translateY(${offset}px)` }}
      aria-posinset={position}
      aria-setsize={-1}
      data-testid="history-row"
      data-id={row.id}
      data-status={row.status}
      data-selected={isSelected}
    >
      <span className={css.select}>
        <SelectBox row={row} isSelected={isSelected} onSelect={onSelect} />
      </span>
      <button
        type="button"
        className={`${css.grid} ${css.row}`}
        onClick={() => {
          onOpen(row.id);
        }}
      >
        <Thumbnail className={css.thumbnail} url={useRecordThumbnail(row)} />
        <span className={css.result}>
          <Result row={row} />
          {row.filename !== null && <FileName name={row.filename} className={css.filename} />}
        </span>
        <span className={css.status}>
          <StatusChip record={row} />
        </span>
        <span className={css.origin}>
          <span className={css.model} data-testid="row-model">
            {row.model ? `${row.model.name} ${row.model.version}` : "–"}
          </span>
          <span className={css.source} data-testid="row-source">
            {device === null ? t(`source.${row.source}`) : t(`origin.${device}`)}
          </span>
          <time
            className={css.time}
            dateTime={row.created_at}
            title={dateTime(row.created_at, language)}
          >
            {shortDateTime(row.created_at, language)}
          </time>
        </span>
      </button>
    </li>
  );
});

/** The label is shown as the answer only if the status is `ok`; beside it what people said. */
function Result({ row }: { row: LogEntry }) {
  const { status, label, parents, confidence, error } = row;
  const { t } = useTranslation();
  const language = useLanguage();
  const share =
    confidence === null ? null : (
      <span className={css.confidence} data-testid="row-confidence">
        {percent(confidence, language)}
      </span>
    );
  if (status === "failed") {
    return (
      <span className={`muted ${css.failure}`}>
        {error ? <FailureText failure={error} /> : "–"}
      </span>
    );
  }
  if (status === "unknown") {
    return (
      <>
        <span className={`muted ${css.label}`} data-testid="row-label">
          {label === null ? "–" : t("history.closest", { label })}
          <FeedbackMark record={row} />
          <OriginMark record={row} />
        </span>
        {share}
      </>
    );
  }
  return (
    <>
      <strong className={css.label} title={[...parents, label].join(" › ")} data-testid="row-label">
        {label}
        <FeedbackMark record={row} />
        <OriginMark record={row} />
      </strong>
      {share}
    </>
  );
}
