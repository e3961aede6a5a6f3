import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { Report } from "visionflow-client";

import type { LabelTree } from "../../registry/labelTree";
import { imagesOf, tileOf } from "../report/report";
import css from "./PointInfo.module.css";

interface PointInfoProps {
  report: Report;
  tree: LabelTree;
  sheet: string | undefined;
  point: number | null;
  /** The points in the order of the arrow buttons. */
  order: readonly number[];
  onSelect: (point: number) => void;
}

/** The image of a point, and buttons to the next one. The same height without a point. */
export function PointInfo({ report, tree, sheet, point, order, onSelect }: PointInfoProps) {
  const { t } = useTranslation();
  const place = point === null ? -1 : order.indexOf(point);
  const step = (by: number) => {
    const next = place < 0 ? 0 : (place + by + order.length) % order.length;
    const index = order[next];
    if (index !== undefined) onSelect(index);
  };
  useEffect(() => {
    // Preload, so that the first point does not wait for it.
    if (sheet !== undefined) new Image().src = sheet;
  }, [sheet]);
  return (
    <div className={css.info} data-testid="map-point">
      <div className={css.image} role="status">
        {point === null ? (
          <p className="muted small">{t("accuracy.mapHint")}</p>
        ) : (
          <Answer report={report} tree={tree} sheet={sheet} point={point} />
        )}
      </div>
      <div className={css.steps}>
        <button
          type="button"
          className="button small"
          aria-label={t("accuracy.previousPoint")}
          onClick={() => {
            step(-1);
          }}
        >
          ←
        </button>
        <span className="muted small numeric">
          {place < 0 ? "–" : place + 1} / {order.length}
        </span>
        <button
          type="button"
          className="button small"
          aria-label={t("accuracy.nextPoint")}
          onClick={() => {
            step(1);
          }}
        >
          →
        </button>
      </div>
    </div>
  );
}

interface AnswerProps {
  report: Report;
  tree: LabelTree;
  sheet: string | undefined;
  point: number;
}

function Answer({ report, tree, sheet, point }: AnswerProps) {
  const { t } = useTranslation();
  const { labels } = report.data;
  const map = report.findings.embedding_map;
  const truth = labels[map.truth[point] ?? -1] ?? "";
  const answer = labels[map.answer[point] ?? -1] ?? "";
  const alt = t("accuracy.imageOf", { truth });
  // Without the sheet, an example with the same truth and answer is shown.
  const [example] = imagesOf(report.findings, tree, truth, answer);
  const { column, row, columns, rows } = tileOf(point, map.truth.length);
  return (
    <>
      {sheet !== undefined ? (
        <svg
          className={css.tile}
          viewBox={`${column} ${row} 1 1`}
          role="img"
          aria-label={alt}
          data-testid="map-image"
        >
          <image href={sheet} width={columns} height={rows} preserveAspectRatio="none" />
        </svg>
      ) : example ? (
        <img className={css.tile} src={example.image} alt={alt} />
      ) : (
        <p className="muted small">{t("accuracy.noPointImage")}</p>
      )}
      <p>
        <strong>{truth}</strong>
        {truth !== answer && <span className="error-text"> → {answer}</span>}
      </p>
    </>
  );
}
