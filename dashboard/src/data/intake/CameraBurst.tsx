import { useEffect, useEffectEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Dataset } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { Combobox } from "../../ui/combobox/Combobox";
import { Modal } from "../../ui/dialog/Modal";
import { CameraView } from "../../ui/intake/CameraView";
import { useCamera } from "../../ui/intake/useCamera";
import { Problem } from "../../ui/notice/Problem";
import css from "./AddImages.module.css";

interface CameraBurstProps {
  dataset: Dataset;
  label: string | null;
  onLabel: (label: string | null) => void;
  onShot: (file: File, label: string | null) => void;
  onClose: () => void;
}

const EVERY_MS = 100;
/** Enough for every input size of a model, at a tenth of a photo's bytes. */
const LONGEST_PX = 720;

/** Photos of one class, ten a second for as long as the button or the space bar is held. */
export function CameraBurst({ dataset, label, onLabel, onShot, onClose }: CameraBurstProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { video, ready, error, turn, take } = useCamera();
  const [holding, setHolding] = useState(false);
  const [shots, setShots] = useState(0);
  const busy = useRef(false);

  const shoot = useEffectEvent(async () => {
    if (busy.current) return; // the device is slower than the clock
    busy.current = true;
    try {
      onShot(await take(LONGEST_PX), label);
      setShots((before) => before + 1);
    } finally {
      busy.current = false;
    }
  });
  useEffect(() => {
    if (!holding || !ready) return;
    void shoot();
    const timer = setInterval(() => void shoot(), EVERY_MS);
    return () => {
      clearInterval(timer);
    };
  }, [holding, ready]);

  const isSpace = ({ code }: React.KeyboardEvent) => code === "Space" || code === "Enter";
  const stop = () => {
    setHolding(false);
  };
  return (
    <Modal title={t("data.cameraTitle")} onClose={onClose} testId="camera-burst">
      {error ? (
        <Problem error={error} />
      ) : (
        <>
          <Combobox
            name={t("data.class")}
            choices={dataset.classes}
            value={label}
            onChange={(next) => {
              setShots(0);
              onLabel(next);
            }}
            placeholder={t("data.addToNone")}
            testId="camera-class"
          />
          <CameraView video={video} ready={ready} />
          <button
            type="button"
            className={`button primary ${css.hold}`}
            disabled={!ready}
            aria-pressed={holding}
            onPointerDown={() => {
              setHolding(true);
            }}
            onPointerUp={stop}
            onPointerLeave={stop}
            onPointerCancel={stop}
            onKeyDown={(event) => {
              if (isSpace(event)) {
                event.preventDefault();
                setHolding(true);
              }
            }}
            onKeyUp={stop}
            onBlur={stop}
            onContextMenu={(event) => {
              event.preventDefault();
            }}
            data-testid="hold"
          >
            {t("data.hold")}
          </button>
          <div className="panel-heading">
            <p className="small numeric" role="status" data-testid="shots">
              {t("data.shots", { n: whole(shots, language) })}
            </p>
            {turn && (
              <button type="button" className="button small" onClick={turn}>
                {t("predict.cameraSwitch")}
              </button>
            )}
          </div>
        </>
      )}
    </Modal>
  );
}
