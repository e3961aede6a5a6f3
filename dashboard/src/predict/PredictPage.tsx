import { useState } from "react";
import { useTranslation } from "react-i18next";

import css from "./PredictPage.module.css";
import { PictureStage } from "./PictureStage";
import { ResultPanel } from "./ResultPanel";
import { useFileArrival } from "./useFileArrival";
import { usePicture } from "./usePicture";
import { usePredict } from "./usePredict";

const INITIAL_OPACITY = 0.6;

export function PredictPage() {
  const { t } = useTranslation();
  const [picture, choosePicture] = usePicture();
  const [opacity, setOpacity] = useState(INITIAL_OPACITY);
  const { predict, outcome, error, isPending } = usePredict();

  const take = (file: File) => {
    choosePicture(file);
    predict(file);
  };
  const dragging = useFileArrival(take);
  const settled = picture !== null && !isPending;

  return (
    <>
      <title>{`${t("app.predict")} · VisionFlow`}</title>
      <h1>{t("predict.title")}</h1>
      <p className={`muted ${css.intro}`}>{t("predict.intro")}</p>
      <div className={css.columns}>
        <PictureStage
          picture={picture}
          explanation={settled ? (outcome?.prediction.explanation ?? null) : null}
          opacity={opacity}
          onOpacity={setOpacity}
          dragging={dragging}
          onFile={take}
        />
        <ResultPanel
          isPending={isPending}
          error={error}
          outcome={outcome}
          onRetry={() => {
            if (picture) predict(picture.file);
          }}
        />
      </div>
    </>
  );
}
