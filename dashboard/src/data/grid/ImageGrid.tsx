import { useEffect, useMemo, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import type { Dataset } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { CheckIcon, ImageIcon, WarningIcon } from "../../ui/icons";
import { FailureText } from "../../ui/notice/FailureText";
import { labelText } from "../classes/names";
import { everything, moved, type Selection, toggled } from "../facts/selection";
import type { FactTable } from "../facts/table";
import css from "./ImageGrid.module.css";
import { Thumbnails } from "./thumbnails";
import { useLanes } from "./useLanes";

interface ImageGridProps {
  dataset: Dataset;
  table: FactTable;
  /** The rows to show, in their order. */
  rows: Uint32Array;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  onOpen: (row: number) => void;
  /** Keys that do not move or select; returns whether it was one. */
  onKey: (event: React.KeyboardEvent) => boolean;
}

const PAGE_LINES = 4;

/** As many images as there are, of which only the visible ones are drawn. */
export function ImageGrid(props: ImageGridProps) {
  const { dataset, table, rows, selection, onSelect, onOpen, onKey } = props;
  const { t } = useTranslation();
  const api = useApi();
  const thumbnails = useMemo(() => new Thumbnails(api, dataset.name), [api, dataset.name]);
  useSyncExternalStore(thumbnails.subscribe, thumbnails.revision);
  const { list, lanes, tiles, height, show } = useLanes(rows.length);
  useEffect(() => {
    thumbnails.want(
      tiles.flatMap(({ at }) => {
        const row = rows[at];
        return row !== undefined && table.state(row) === "ready" ? table.hash(row) : [];
      }),
    );
  });

  const move = (to: number, extend: boolean) => {
    const next = moved(rows, selection, to, extend);
    onSelect(next);
    show(next.cursor);
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const { cursor } = selection;
    const steps: Record<string, number> = {
      ArrowLeft: cursor - 1,
      ArrowRight: cursor + 1,
      ArrowUp: cursor - lanes,
      ArrowDown: cursor + lanes,
      PageUp: cursor - lanes * PAGE_LINES,
      PageDown: cursor + lanes * PAGE_LINES,
      Home: 0,
      End: rows.length - 1,
    };
    const step = steps[event.key];
    if (step !== undefined) move(step, event.shiftKey);
    else if (event.key === " ") onSelect(toggled(rows, selection, cursor));
    else if (event.key === "Escape") onSelect({ ...selection, rows: new Set() });
    else if (event.code === "KeyA" && (event.ctrlKey || event.metaKey)) {
      onSelect(everything(rows, selection));
    } else if (!onKey(event)) return;
    event.preventDefault();
  };
  const isDrawn = tiles.some(({ at }) => at === selection.cursor);
  return (
    <div
      ref={list}
      className={css.grid}
      style={{ height }}
      role="listbox"
      tabIndex={0}
      aria-multiselectable
      aria-label={t("data.gridLabel")}
      aria-describedby="grid-keys"
      aria-activedescendant={isDrawn ? tileId(selection.cursor) : undefined}
      onKeyDown={onKeyDown}
      data-testid="image-grid"
    >
      {tiles.map(({ at, style }) => {
        const row = rows[at];
        if (row === undefined) return null;
        return (
          <div
            key={table.hash(row)}
            id={tileId(at)}
            className={css.tile}
            style={style}
            role="option"
            aria-selected={selection.rows.has(row)}
            aria-posinset={at + 1}
            aria-setsize={rows.length}
            data-cursor={at === selection.cursor || undefined}
            onClick={(event) => {
              list.current?.focus({ preventScroll: true });
              if (event.shiftKey) onSelect(moved(rows, selection, at, true));
              else onSelect(toggled(rows, selection, at));
            }}
            onDoubleClick={() => {
              onOpen(row);
            }}
            data-testid="image-tile"
            data-hash={table.hash(row)}
          >
            <Tile
              dataset={dataset}
              table={table}
              row={row}
              url={thumbnails.get(table.hash(row))}
              isSelected={selection.rows.has(row)}
            />
          </div>
        );
      })}
    </div>
  );
}

function tileId(at: number): string {
  return `image-${at}`;
}

interface TileProps {
  dataset: Dataset;
  table: FactTable;
  row: number;
  url: string | null;
  isSelected: boolean;
}

function Tile({ dataset, table, row, url, isSelected }: TileProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const label = table.label(row);
  const suggestion = table.suggestion(row);
  const error = table.error(row);
  const state = table.state(row);
  const part = table.part(row);
  const named = (text: string) => labelText(text, dataset.classes, language);
  return (
    <>
      <span className={css.image}>
        {url !== null ? (
          <img src={url} alt="" decoding="async" />
        ) : state === "unreadable" ? (
          <WarningIcon className={css.icon} />
        ) : (
          <ImageIcon className={css.icon} />
        )}
        {part !== null && <span className={css.part}>{t(`data.parts.${part}`)}</span>}
        {isSelected && (
          <span className={css.mark}>
            <CheckIcon />
          </span>
        )}
      </span>
      <span className={css.label}>
        {label === null ? <em>{t("data.unlabelled")}</em> : named(label)}
      </span>
      <span className={css.note}>
        {error !== null ? (
          <FailureText failure={{ code: error, message: "" }} />
        ) : suggestion !== null ? (
          t("data.suggested", { label: named(suggestion) })
        ) : state === "pending" ? (
          t("data.waiting")
        ) : table.outlier(row) ? (
          t("data.isOutlier")
        ) : (
          (table.fileName(row) ?? "")
        )}
      </span>
    </>
  );
}
