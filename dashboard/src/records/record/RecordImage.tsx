import { useMutation } from "@tanstack/react-query";
import { type CSSProperties, useState } from "react";
import { useTranslation } from "react-i18next";

import { useApi } from "../../api/ApiContext";
import { ApiError } from "../../api/errors";
import type { PredictionDetail } from "../../api/types";
import { MAX_DIRECT_BYTES } from "../../config/limits";
import { ImageIcon } from "../../ui/icons";
import { Problem } from "../../ui/notice/Problem";
import { placement } from "./placement";
import css from "./RecordImage.module.css";

/**
 * The original; if it is gone or the browser cannot show it, its thumbnail, else a sentence.
 *
 * A record has no heatmap. It is made on request, by classifying the image again with the model
 * in service; the idempotency key ensures that repeats add only one record.
 */
export function RecordImage({ record }: { record: PredictionDetail }) {
  const { t } = useTranslation();
  const [sources, setSources] = useState(
    [record.image_url, record.thumbnail_url].filter((url) => url !== null),
  );
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  const map = useMap(record);
  const [source, ...others] = sources;
  const { explanation, label } = map.data ?? {};
  const canExplain = record.status !== "failed" && (record.image.bytes ?? 0) <= MAX_DIRECT_BYTES;

  if (source === undefined) {
    return (
      <div className={css.stage}>
        <p className={css.gone}>
          <ImageIcon className={css.icon} />
          {t("record.noImage")}
        </p>
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
            onError={() => {
              setSources(others);
            }}
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
      {map.error && <Problem error={map.error} />}
      {canExplain && source === record.image_url && (
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
            {map.isPending ? t("predict.classifying") : t("record.explain")}
          </button>
          <p className="muted small">
            {map.isSuccess
              ? t(explanation ? "record.explained" : "record.noMap", { label: label ?? "–" })
              : t("record.explainHint")}
          </p>
        </div>
      )}
    </>
  );
}

function useMap(record: PredictionDetail) {
  const api = useApi();
  return useMutation({
    mutationFn: async () => {
      const response = await fetch(record.image_url).catch((cause: unknown) => {
        throw new ApiError("network_error", "the image could not be read", { cause });
      });
      if (!response.ok) throw new ApiError("image_missing", `HTTP ${response.status}`);
      const file = new File([await response.blob()], record.image.key.split("/").at(-1) ?? "", {
        type: response.headers.get("Content-Type") ?? "",
      });
      return api.predict(file, { key: `map-${record.id}`.slice(0, 64) });
    },
  });
}
