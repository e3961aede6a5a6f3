import { useId } from "react";
import { useTranslation } from "react-i18next";
import { MAX_DIRECT_BYTES } from "visionflow-client";

import { useLanguage } from "../i18n";
import { fileSize } from "../i18n/format";
import { CameraIcon, UploadIcon } from "../ui/icons";
import css from "./ImageStage.module.css";
import { FileButton } from "../ui/intake/FileButton";
import type { Item } from "./queue/queue";
import { HeatmapImage } from "./result/HeatmapImage";

interface ImageStageProps {
  item: Item | undefined;
  opacity: number;
  onOpacity: (opacity: number) => void;
  dragging: boolean;
  onFiles: (files: File[]) => void;
  onCamera: () => void;
}

/** The drop zone for images, and the classified image with its heatmap. */
export function ImageStage(props: ImageStageProps) {
  const { item, opacity, onOpacity, dragging, onFiles, onCamera } = props;
  const { t } = useTranslation();
  const language = useLanguage();
  const explanation = item?.outcome?.prediction.explanation ?? null;
  const label = item === undefined ? t("predict.choose") : t("predict.chooseAnother");
  const inputId = useId();
  const percentOpacity = Math.round(opacity * 100);

  return (
    <section className={`card ${css.card}`} data-testid="dropzone">
      <div className={`${css.stage} ${dragging ? css.dragging : ""}`}>
        {item === undefined ? (
          <label htmlFor={inputId} className={css.invitation}>
            <UploadIcon className={css.icon} />
            <span className={css.touch}>{t("predict.touch")}</span>
            <span className={css.drop}>{t("predict.drop")}</span>
            <span className={`muted ${css.paste}`}>{t("predict.or", { keys: pasteKeys() })}</span>
          </label>
        ) : (
          <HeatmapImage key={item.id} item={item} explanation={explanation} opacity={opacity} />
        )}
      </div>
      <div className={css.controls}>
        <label className={css.slider}>
          <span className={css.sliderLabel}>
            {explanation
              ? t("predict.heatmapFor", { label: explanation.label })
              : t("predict.heatmap")}
          </span>
          <input
            type="range"
            min={0}
            max={100}
            step={5}
            value={percentOpacity}
            disabled={explanation === null}
            aria-label={t("predict.heatmapOpacity")}
            aria-valuetext={`${percentOpacity}%`}
            onChange={(event) => {
              onOpacity(event.target.valueAsNumber / 100);
            }}
            data-testid="heatmap-opacity"
          />
        </label>
        <div className={css.sources}>
          <button type="button" className="button" onClick={onCamera} data-testid="open-camera">
            <CameraIcon />
            <span className={css.cameraText}>{t("predict.camera")}</span>
          </button>
          <FileButton id={inputId} label={label} primary={item === undefined} onFiles={onFiles} />
        </div>
      </div>
      <p className={`muted ${css.hint}`}>
        {item?.outcome?.throughBucket
          ? t("predict.noMapForUploads")
          : explanation
            ? t("predict.heatmapHint")
            : t("predict.formats", { limit: fileSize(MAX_DIRECT_BYTES, language) })}
      </p>
    </section>
  );
}

function pasteKeys(): string {
  return /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘V" : "Ctrl+V";
}
