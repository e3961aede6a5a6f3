import { useTranslation } from "react-i18next";

import { Modal } from "../../ui/dialog/Modal";
import { CameraIcon } from "../../ui/icons";
import { Problem } from "../../ui/notice/Problem";
import css from "./CameraDialog.module.css";
import { useCamera } from "./useCamera";

interface CameraDialogProps {
  onPicture: (file: File) => void;
  onClose: () => void;
}

/** The camera in the page, and the device's own camera app where the page may not use it. */
export function CameraDialog({ onPicture, onClose }: CameraDialogProps) {
  const { t } = useTranslation();
  const { video, ready, error, turn, take } = useCamera();
  return (
    <Modal title={t("predict.cameraTitle")} onClose={onClose} testId="camera">
      {error ? (
        <>
          <Problem error={error} />
          <DeviceCamera onPicture={onPicture} />
        </>
      ) : (
        <>
          <div className={css.view}>
            <video
              ref={video}
              className={css.video}
              aria-label={t("predict.cameraView")}
              playsInline
              muted
            />
            {!ready && <p className={css.starting}>{t("predict.cameraStarting")}</p>}
          </div>
          <div className={css.controls}>
            <button
              type="button"
              className="button primary"
              disabled={!ready}
              onClick={() => void take().then(onPicture)}
              data-testid="take-picture"
            >
              <CameraIcon />
              {t("predict.takePicture")}
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

function DeviceCamera({ onPicture }: Pick<CameraDialogProps, "onPicture">) {
  const { t } = useTranslation();
  const label = t("predict.cameraFallback");
  return (
    <label className={`button primary ${css.fallback}`}>
      {label}
      <input
        type="file"
        accept="image/*"
        capture="environment"
        aria-label={label}
        className="visually-hidden"
        onChange={({ target }) => {
          const file = target.files?.[0];
          if (file) onPicture(file);
        }}
        data-testid="camera-file"
      />
    </label>
  );
}
