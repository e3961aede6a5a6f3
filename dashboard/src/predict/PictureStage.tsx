import { useId } from "react";
import { useTranslation } from "react-i18next";

import type { Explanation } from "../api/types";
import { useLanguage } from "../i18n";
import { MAX_UPLOAD_BYTES } from "../i18n/texts";
import { fileSize } from "../ui/format";
import { UploadIcon } from "../ui/icons";
import { FileButton } from "./FileButton";
import { HeatmapPicture } from "./HeatmapPicture";
import css from "./PictureStage.module.css";
import type { Picture } from "./usePicture";

interface PictureStageProps {
  picture: Picture | null;
  explanation: Explanation | null;
  opacity: number;
  onOpacity: (opacity: number) => void;
  dragging: boolean;
  onFile: (file: File) => void;
}

/** Where a picture is put and, once answered, where its heatmap is looked at. */
export function PictureStage(props: PictureStageProps) {
  const { picture, explanation, opacity, onOpacity, dragging, onFile } = props;
  const { t } = useTranslation();
  const language = useLanguage();
  const label = picture === null ? t("predict.choose") : t("predict.chooseAnother");
  const inputId = useId();
  const percentOpacity = Math.round(opacity * 100);

  return (
    <section className={`card ${css.card}`} data-testid="dropzone">
      <div className={`${css.stage} ${dragging ? css.dragging : ""}`}>
        {picture === null ? (
          <label htmlFor={inputId} className={css.invitation}>
            <UploadIcon className={css.icon} />
            <span className={css.touch}>{t("predict.touch")}</span>
            <span className={css.drop}>{t("predict.drop")}</span>
            <span className={`muted ${css.paste}`}>{t("predict.or", { keys: pasteKeys() })}</span>
          </label>
        ) : (
          <HeatmapPicture
            key={picture.url}
            picture={picture}
            explanation={explanation}
            opacity={opacity}
          />
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
        <FileButton id={inputId} label={label} primary={picture === null} onFile={onFile} />
      </div>
      <p className={`muted ${css.hint}`}>
        {explanation
          ? t("predict.heatmapHint")
          : t("predict.formats", { limit: fileSize(MAX_UPLOAD_BYTES, language) })}
      </p>
    </section>
  );
}

function pasteKeys(): string {
  return /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘V" : "Ctrl+V";
}
