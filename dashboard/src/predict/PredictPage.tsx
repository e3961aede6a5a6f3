import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useOverlay } from "../ui/dialog/useOverlay";
import { ImageStage } from "./ImageStage";
import { CameraDialog } from "./intake/CameraDialog";
import { CoverageField } from "./intake/CoverageField";
import { imagesIn } from "./intake/imagesIn";
import { useCoverage } from "./intake/useCoverage";
import { useFileArrival } from "../ui/intake/useFileArrival";
import { PredictTabs } from "../ui/intake/PredictTabs";
import css from "./PredictPage.module.css";
import { PauseNotice } from "./queue/PauseNotice";
import { QueueStrip } from "./queue/QueueStrip";
import { usePredictQueue } from "./queue/usePredictQueue";
import { ResultPanel } from "./result/ResultPanel";

const INITIAL_OPACITY = 0.6;

export default function PredictPage() {
  const { t } = useTranslation();
  const [coverage, setCoverage] = useCoverage();
  const { items, pause, selected, add, select, retry, resume, clear } = usePredictQueue(coverage);
  const [opacity, setOpacity] = useState(INITIAL_OPACITY);
  const camera = useOverlay("camera");
  const [empty, setEmpty] = useState(false);
  const take = (files: File[]) => {
    setEmpty(files.length === 0);
    add(files);
  };
  const dragging = useFileArrival((data) => void imagesIn(data).then(take));

  return (
    <>
      <title>{`${t("app.predict")} · VisionFlow`}</title>
      <PredictTabs />
      <div className="page-heading">
        <div>
          <h1>{t("predict.title")}</h1>
          <p className="muted">{t("predict.intro")}</p>
        </div>
        <CoverageField coverage={coverage} onChange={setCoverage} />
      </div>
      {pause && (
        <PauseNotice
          pause={pause}
          waiting={items.filter(({ state }) => state === "waiting").length}
          onResume={resume}
        />
      )}
      <p className={css.status} role="status">
        {empty && t("predict.noImages")}
      </p>
      <div className={css.columns}>
        <ImageStage
          item={selected}
          opacity={opacity}
          onOpacity={setOpacity}
          dragging={dragging}
          onFiles={take}
          onCamera={() => {
            camera.open("1");
          }}
        />
        <ResultPanel item={selected} onRetry={retry} />
      </div>
      {items.length > 1 && (
        <QueueStrip items={items} selected={selected} onSelect={select} onClear={clear} />
      )}
      {camera.value !== null && (
        <CameraDialog
          onImage={(file) => {
            camera.close();
            take([file]);
          }}
          onClose={camera.close}
        />
      )}
    </>
  );
}
