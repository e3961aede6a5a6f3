import { useMutation } from "@tanstack/react-query";
import { type CSSProperties, useState } from "react";
import { useTranslation } from "react-i18next";
import type { PredictionDetail } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { Problem } from "../../ui/notice/Problem";
import { NoImage } from "./NoImage";
import { hasImage } from "../origin/origin";
import { placement } from "./placement";
import css from "./RecordImage.module.css";
import { useRecordImage } from "../thumbnail/useRecordImage";

/**
 * The original; if it is gone or the browser cannot show it, its thumbnail, else a sentence.
 *
 * A record has no heatmap. The API makes it on request, by the version that answered.
 */
export function RecordImage({ record }: { record: PredictionDetail }) {
  const { t } = useTranslation();
  const isKept = record.image_url !== null;
  const { source, onError } = useRecordImage(record, record.image_url);
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  const map = useMap(record);
  const explanation = map.data?.explanation;
  const canExplain = record.status !== "failed" && isKept;

  if (source === null) {
    const gone = !hasImage(record)
      ? "origin.noImage"
      : isKept
        ? "record.noImage"
        : "record.originalGone";
    return (
      <div className={css.stage}>
        <NoImage>{t(gone)}</NoImage>
      </div>
    );
  }
  return (
    <>
      <div className={css.stage}>
        <div
          className={css.figure}
          style={size ? ({ "--ratio": size.width / size.height } as CSSProperties) : undefined}
        >
          <img
            className={css.image}
            src={source}
            alt={t("record.imageAlt")}
            onLoad={({ currentTarget: image }) => {
              setSize({ width: image.naturalWidth, height: image.naturalHeight });
            }}
            onError={onError}
          />
          {explanation && size && (
            <img
              className={css.map}
              src={explanation.overlay}
              style={placement(explanation.box)}
              alt={t("predict.heatmapFor", { label: explanation.label })}
              data-testid="record-map"
            />
          )}
        </div>
      </div>
      {!isKept && <p className="muted small">{t("record.thumbnailOnly")}</p>}
      {map.error && (
        <Problem
          error={map.error}
          onRetry={() => {
            map.mutate();
          }}
        />
      )}
      {canExplain && (
        <div className={css.ask}>
          <button
            type="button"
            className="button small"
            disabled={map.isPending || map.isSuccess}
            onClick={() => {
              map.mutate();
            }}
            data-testid="record-explain"
          >
            {map.isPending ? t("app.loading") : t("record.explain")}
          </button>
          <p className="muted small">
            {map.isSuccess
              ? explanation
                ? t("record.explained", { label: explanation.label })
                : t("record.noMap")
              : t("record.explainHint")}
          </p>
        </div>
      )}
    </>
  );
}

function useMap({ id }: PredictionDetail) {
  const api = useApi();
  return useMutation({ mutationFn: () => api.explanation(id) });
}
