import { type ReactNode, useEffect, useEffectEvent, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Engine, EngineAnswer } from "../../ondevice/engine";
import { CameraView } from "../../ui/intake/CameraView";
import { useCamera } from "../../ui/intake/useCamera";
import { Problem } from "../../ui/notice/Problem";
import { problemOf } from "../problem";
import { LONGEST_PX } from "../send/jpeg";
import { Noticer } from "../send/noticer";
import { videoScene } from "../send/scene";
import type { Feed } from "./feed";
import css from "./LiveCamera.module.css";
import { LiveLoop } from "./liveLoop";
import { useSpaceBar } from "./useSpaceBar";
import { useVisible } from "./useVisible";
import { useWakeLock } from "./useWakeLock";
import { videoFrames } from "./videoFrames";

/** More pixels cost time at each frame, and the model looks at a few hundred a side. */
const LIVE_SIZE = { width: 1280, height: 720 };

interface LiveCameraProps {
  engine: Engine;
  feed: Feed;
  /** An image is shown in place of the camera, which goes on behind it. */
  covered: boolean;
  /** Frames that the model does not recognise are taken. */
  notices: boolean;
  onFreeze: (frame: File) => void;
  onMark: (frame: File) => Promise<void>;
  onNotice: (frame: File) => Promise<void>;
  onStop: () => void;
  /** More buttons. */
  children: ReactNode;
}

/** The camera, whose frames the engine answers as fast as it can. */
export function LiveCamera(props: LiveCameraProps) {
  const { engine, feed, covered, notices, onFreeze, onMark, onNotice, onStop, children } = props;
  const { t } = useTranslation();
  const { video, ready, error, turn, torch, take } = useCamera(LIVE_SIZE);
  const isVisible = useVisible();
  const [problem, setProblem] = useState<Error | null>(null);
  const [noticer] = useState(() => new Noticer());
  const isLive = ready && !covered && isVisible && problem === null;
  useWakeLock(isLive);

  const fail = (cause: unknown) => {
    setProblem(cause instanceof Error ? cause : new Error(String(cause)));
  };
  const onAnswer = useEffectEvent((answer: EngineAnswer) => {
    const now = performance.now();
    feed.tell(answer, now);
    const scene = () => (video.current === null ? null : videoScene(video.current));
    if (notices && noticer.wants(answer.status, now, scene))
      take(LONGEST_PX).then(onNotice).catch(fail);
  });
  useEffect(() => {
    if (!isLive || video.current === null) return;
    const loop = new LiveLoop({
      source: videoFrames(video.current),
      ask: (frame) => engine.frame(frame),
      onAnswer,
      onError: setProblem,
    });
    engine.restart();
    loop.start();
    return () => {
      loop.stop();
      feed.clear();
    };
  }, [isLive, engine, feed, video]);

  const freeze = () => {
    take(LONGEST_PX).then(onFreeze, fail);
  };
  useSpaceBar(isLive ? freeze : null);

  const shown = error ?? problem;
  return (
    <div className={css.live} hidden={covered} data-testid="device-live">
      {shown ? (
        <Problem error={problemOf(shown)}>
          <button
            type="button"
            className="button small"
            onClick={() => {
              if (problem === null) onStop();
              else setProblem(null);
            }}
          >
            {t(problem === null ? "app.close" : "app.retry")}
          </button>
        </Problem>
      ) : (
        <>
          <CameraView video={video} ready={ready} />
          {!isVisible && <p className="muted small">{t("device.paused")}</p>}
          <div className={css.controls}>
            <button
              type="button"
              className="button primary"
              disabled={!isLive}
              onClick={freeze}
              aria-keyshortcuts="Space"
              title={t("device.freezeHint")}
              data-testid="device-freeze"
            >
              {t("device.freeze")}
            </button>
            <button
              type="button"
              className="button"
              disabled={!isLive}
              onClick={() => void take(LONGEST_PX).then(onMark).catch(fail)}
              data-testid="device-mark"
            >
              {t("device.mark")}
            </button>
            {turn && (
              <button type="button" className="button" onClick={turn} data-testid="device-turn">
                {t("predict.cameraSwitch")}
              </button>
            )}
            {torch && (
              <button
                type="button"
                className="button"
                aria-pressed={torch.on}
                onClick={() => void torch.toggle().catch(fail)}
                data-testid="device-torch"
              >
                {t("device.torch")}
              </button>
            )}
            <button
              type="button"
              className="button"
              onClick={onStop}
              data-testid="device-camera-stop"
            >
              {t("device.cameraStop")}
            </button>
            {children}
          </div>
        </>
      )}
    </div>
  );
}
