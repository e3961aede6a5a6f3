import { useTranslation } from "react-i18next";

import css from "./CameraView.module.css";
import type { Camera } from "./useCamera";

/** What the camera sees. */
export function CameraView({ video, ready }: Pick<Camera, "video" | "ready">) {
  const { t } = useTranslation();
  return (
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
  );
}
