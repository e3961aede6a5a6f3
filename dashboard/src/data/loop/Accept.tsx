import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ModelList, ModelName } from "visionflow-client";

import { useMay } from "../../access/useMe";
import { MoveDialog } from "../../moves/MoveDialog";
import { modelKey } from "../../registry/chosen";

/** The share of images that an accepted model classifies first. */
const PERCENT = 10;

interface AcceptProps {
  model: ModelName;
  list: ModelList;
  /** Whether to accept it is what comes next. */
  isAdvised?: boolean;
}

/** Accepts a new model: a canary, which the rollback rule watches until somebody promotes it. */
export function Accept({ model, list, isAdvised = false }: AcceptProps) {
  const { t } = useTranslation();
  const may = useMay();
  const [asking, setAsking] = useState(false);
  const { production, canary, shadow } = list.aliases;
  if (production === null || !may("POST /models/{name}/{version}/canary")) return null;
  if (canary && modelKey(canary) === modelKey(model)) {
    return <p data-testid="run-on-trial">{t("data.loop.onTrial", { percent: canary.percent })}</p>;
  }
  if (shadow && modelKey(shadow) === modelKey(model)) {
    return <p data-testid="run-is-shadow">{t("models.isShadow")}</p>;
  }
  return (
    <div className="field">
      <div>
        <button
          type="button"
          className={`button ${isAdvised ? "primary" : ""}`}
          onClick={() => {
            setAsking(true);
          }}
          data-testid="run-accept"
        >
          {t("data.loop.accept", { percent: PERCENT })}
        </button>
      </div>
      <p className="muted small">{t("data.loop.acceptText")}</p>
      {asking && (
        <MoveDialog
          move={{ action: "canary", percent: PERCENT, ...model }}
          onClose={() => {
            setAsking(false);
          }}
        />
      )}
    </div>
  );
}
