import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useLanguage } from "../i18n";
import { whole } from "../i18n/format";
import type { Engine } from "../ondevice/engine";
import { CameraIcon, ImageIcon } from "../ui/icons";
import { droppedFiles } from "../ui/intake/dropped";
import { FileButton } from "../ui/intake/FileButton";
import { useFileArrival } from "../ui/intake/useFileArrival";
import { Problem } from "../ui/notice/Problem";
import { AnsweredImage } from "./answer/AnsweredImage";
import { AnswerPanel } from "./answer/AnswerPanel";
import { Feed } from "./live/feed";
import { LiveAnswer } from "./live/LiveAnswer";
import { LiveCamera } from "./live/LiveCamera";
import { useSpaceBar } from "./live/useSpaceBar";
import { problemOf } from "./problem";
import { useConsent } from "./send/consent";
import css from "./Session.module.css";
import { type Failure, useShown } from "./useShown";

/** The camera and the images that one engine answers. */
export function Session({ engine }: { engine: Engine }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [feed] = useState(() => new Feed());
  const [isOn, setOn] = useState(false);
  const [noticed, setNoticed] = useState(0);
  const [unkept, setUnkept] = useState<Error | null>(null);
  const { send } = useConsent();
  const { shown, failures, freeze, add, close, keep } = useShown(engine);
  const dragging = useFileArrival((data) => {
    void droppedFiles(data).then((dropped) => add(dropped.map(({ file }) => file)));
  });
  useSpaceBar(shown && isOn ? close : null);
  const inputId = useId();

  const mark = async (frame: File) => {
    setUnkept((await keep(frame))?.problem ?? null);
  };
  const notice = async (frame: File) => {
    // What the smoothed frames said may not hold for the file, and the file is what is sent.
    const kept = await keep(frame, { only: ({ status }) => status === "unknown" });
    setUnkept(kept?.problem ?? null);
    if (kept?.deviceId != null) setNoticed((before) => before + 1);
  };
  const chooser = (
    <FileButton
      id={inputId}
      label={t("device.choose")}
      onFiles={(files) => void add(files)}
      testId="device-files"
    />
  );
  return (
    <div className={css.columns}>
      <section
        className={`card ${css.stage} ${dragging ? css.dragging : ""}`}
        aria-label={t("device.stage")}
      >
        {isOn && (
          <LiveCamera
            engine={engine}
            feed={feed}
            covered={shown !== null}
            notices={send}
            onFreeze={freeze}
            onMark={mark}
            onNotice={notice}
            onStop={() => {
              setOn(false);
            }}
          >
            {!shown && chooser}
          </LiveCamera>
        )}
        {shown && (
          <>
            <AnsweredImage
              key={shown.url}
              url={shown.url}
              alt={
                shown.name === null ? t("device.frozen") : t("device.still", { name: shown.name })
              }
              explanation={shown.kept?.answer.explanation ?? null}
            />
            <div className="row">
              <button
                type="button"
                className="button primary"
                autoFocus
                onClick={close}
                data-testid="device-resume"
              >
                {t(isOn ? "device.resume" : "device.close")}
              </button>
              {chooser}
            </div>
          </>
        )}
        {!isOn && !shown && (
          <label htmlFor={inputId} className={css.invitation}>
            <CameraIcon className={css.icon} />
            <span className="muted small">{t("device.cameraHint")}</span>
          </label>
        )}
        {!isOn && !shown && (
          <div className="row">
            <button
              type="button"
              className="button primary"
              onClick={() => {
                setNoticed(0);
                setOn(true);
              }}
              data-testid="device-camera"
            >
              <CameraIcon />
              {t("device.camera")}
            </button>
            {chooser}
          </div>
        )}
        {isOn && send && (
          <p className="muted small" role="status" data-testid="device-noticed">
            {t("device.consent.noticed", { n: whole(noticed, language) })}
          </p>
        )}
        {unkept && <Problem error={unkept} />}
        {failures.map((failure, n) => (
          <Failed key={n} failure={failure} />
        ))}
      </section>
      <section
        className={`card panel ${css.answer}`}
        aria-label={t("device.answer")}
        aria-busy={shown !== null && shown.kept === null}
      >
        {shown ? (
          <div aria-live="polite">
            {shown.kept ? (
              <AnswerPanel engine={engine} {...shown.kept} />
            ) : (
              <p className="muted">{t("device.classifying")}</p>
            )}
          </div>
        ) : isOn ? (
          <LiveAnswer feed={feed} />
        ) : (
          <p className={`muted ${css.none}`}>
            <ImageIcon className={css.icon} />
            {t("device.answerNone")}
          </p>
        )}
      </section>
    </div>
  );
}

/** What the device could not answer; the cloud reads more formats. */
function Failed({ failure: { name, error } }: { failure: Failure }) {
  const { t } = useTranslation();
  return (
    <Problem error={problemOf(error)}>
      {name !== null && <p>{t("device.refused", { name })}</p>}
      <p>
        <Link to="/predict" data-testid="device-in-cloud">
          {t("device.inCloud")}
        </Link>
      </p>
    </Problem>
  );
}
