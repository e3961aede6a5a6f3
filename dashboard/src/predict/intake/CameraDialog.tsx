import { useTranslation } from "react-i18next";
import { imageFormats } from "visionflow-client";

import { Modal } from "../../ui/dialog/Modal";
import { CameraIcon } from "../../ui/icons";
import { CameraView } from "../../ui/intake/CameraView";
import { useCamera } from "../../ui/intake/useCamera";
import { Problem } from "../../ui/notice/Problem";
import css from "./CameraDialog.module.css";

interface CameraDialogProps {
  onImage: (file: File) => void;
  onClose: () => void;
}

/** The camera in the page, or the device's camera app if the page may not use it. */
export function CameraDialog({ onImage, onClose }: CameraDialogProps) {
  const { t } = useTranslation();
  const { video, ready, error, turn, take } = useCamera();
  return (
    <Modal title={t("predict.cameraTitle")} onClose={onClose} testId="camera">
      {error ? (
        <>
          <Problem error={error} />
          <DeviceCamera onImage={onImage} />
        </>
      ) : (
        <>
          <CameraView video={video} ready={ready} />
          <div className={css.controls}>
            <button
              type="button"
              className="button primary"
              disabled={!ready}
              onClick={() => void take().then(onImage)}
              data-testid="take-image"
            >
              <CameraIcon />
              {t("predict.takePhoto")}
            </button>
            {turn && (
              <button type="button" className="button" onClick={turn}>
                {t("predict.cameraSwitch")}
              </button>
            )}
          </div>
        </>
      )}
    </Modal>
  );
}

function DeviceCamera({ onImage }: Pick<CameraDialogProps, "onImage">) {
  const { t } = useTranslation();
  const label = t("predict.cameraFallback");
  return (
    <label className={`button primary ${css.fallback}`}>
      {label}
      <input
        type="file"
        accept={imageFormats.accept}
        capture="environment"
        aria-label={label}
        className="visually-hidden"
        onChange={({ target }) => {
          const file = target.files?.[0];
          if (file) onImage(file);
        }}
        data-testid="camera-file"
      />
    </label>
  );
}
