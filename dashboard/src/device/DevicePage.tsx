import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { modelRef, readRef } from "visionflow-client";

import { addDeviceTexts } from "../i18n/device/texts";
import { PredictTabs } from "../ui/intake/PredictTabs";
import { MadeList } from "./made/MadeList";
import { StartPanel } from "./model/StartPanel";
import { useEngine } from "./model/useEngine";
import { useLoadSize } from "./model/useLoadSize";
import { ConsentPanel } from "./send/ConsentPanel";
import { Session } from "./Session";

/** Classifies on this device: what its camera sees, and images. */
export default function DevicePage() {
  const { t, i18n } = useTranslation();
  useState(() => {
    addDeviceTexts(i18n);
  });
  const [params] = useSearchParams();
  const asked = params.get("model");
  const which = useMemo(() => readRef(asked) ?? "serving", [asked]);
  const { opening, open } = useEngine(which);
  const size = useLoadSize(which, opening.state === "waiting");
  return (
    <>
      <title>{`${t("device.title")} · VisionFlow`}</title>
      <PredictTabs />
      <div className="page-heading">
        <div>
          <h1>{t("device.title")}</h1>
          {/* Then its place is the camera's, on a phone above all. */}
          {opening.state !== "ready" && <p className="muted">{t("device.intro")}</p>}
        </div>
        {opening.state === "ready" && (
          <span className="chip accent" title={t("device.model")} data-testid="device-model">
            {modelRef(opening.engine.model)}
          </span>
        )}
      </div>
      <div className="stack">
        {opening.state === "ready" ? (
          <Session key={modelRef(opening.engine.model)} engine={opening.engine} />
        ) : (
          <StartPanel opening={opening} size={size} onStart={open} />
        )}
        <ConsentPanel />
        <MadeList />
      </div>
    </>
  );
}
