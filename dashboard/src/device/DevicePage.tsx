import { type ReactNode, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { type ModelName, modelRef, readRef } from "visionflow-client";

import { useMay, useMe } from "../access/useMe";
import { addDeviceTexts } from "../i18n/device/texts";
import { useStatus } from "../registry/useStatus";
import { PredictTabs } from "../ui/intake/PredictTabs";
import { MissingScope } from "../ui/notice/MissingScope";
import { MadeList } from "./made/MadeList";
import { StartPanel } from "./model/StartPanel";
import { useEngine } from "./model/useEngine";
import { useLoadSize } from "./model/useLoadSize";
import { ConsentPanel } from "./send/ConsentPanel";
import { Session } from "./Session";

const ROUTE = "GET /models/{name}/{version}/device";

/** Classifies on this device: what its camera sees, and images. */
export default function DevicePage() {
  const { t, i18n } = useTranslation();
  useState(() => {
    addDeviceTexts(i18n);
  });
  const [params] = useSearchParams();
  const asked = params.get("model");
  const which = useMemo(() => readRef(asked) ?? "serving", [asked]);
  const me = useMe();
  const may = useMay();
  // Also with a model that somebody else has kept here: what is recorded would be refused.
  const isRefused = me !== undefined && !may(ROUTE);
  return (
    <>
      <title>{`${t("device.title")} · VisionFlow`}</title>
      <PredictTabs />
      {isRefused ? (
        <>
          <Heading />
          <section className="card panel">
            <MissingScope route={ROUTE} />
          </section>
        </>
      ) : (
        <OnDevice which={which} />
      )}
    </>
  );
}

function Heading({ model }: { model?: ModelName }) {
  const { t } = useTranslation();
  return (
    <div className="page-heading">
      <div>
        <h1>{t("device.title")}</h1>
        {/* Then its place is the camera's, on a phone above all. */}
        {!model && <p className="muted">{t("device.intro")}</p>}
      </div>
      {model && (
        <span className="chip accent" title={t("device.model")} data-testid="device-model">
          {modelRef(model)}
        </span>
      )}
    </div>
  );
}

function OnDevice({ which }: { which: ModelName | "serving" }) {
  const { opening, open } = useEngine(which);
  const size = useLoadSize(which, opening.state === "waiting");
  let content: ReactNode;
  if (opening.state === "ready") {
    const { engine } = opening;
    content = (
      <>
        {which === "serving" && <Newer model={engine.model} onUse={open} />}
        <Session key={modelRef(engine.model)} engine={engine} />
      </>
    );
  } else content = <StartPanel opening={opening} size={size} onStart={open} />;
  return (
    <>
      <Heading {...(opening.state === "ready" && { model: opening.engine.model })} />
      <div className="stack">
        {content}
        <ConsentPanel />
        <MadeList />
      </div>
    </>
  );
}

/** That another version serves since `model` was opened; nothing while it is the one. */
function Newer({ model, onUse }: { model: ModelName; onUse: () => void }) {
  const { t } = useTranslation();
  const serves = useStatus().data?.model;
  if (!serves || modelRef(serves) === modelRef(model)) return null;
  return (
    <div className="row" role="status" data-testid="device-newer">
      <span>{t("device.newer", { version: modelRef(serves) })}</span>
      <button type="button" className="button small" onClick={onUse} data-testid="device-use-newer">
        {t("device.useNewer")}
      </button>
    </div>
  );
}
