import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useMay } from "../../access/useMe";
import type { ModelList, ModelName } from "../../api/types";
import { modelKey } from "../../registry/chosen";
import { ConfirmMove } from "./ConfirmMove";

/** The share of images that an accepted model classifies first. */
const PERCENT = 10;

/** Accepts a new model: a canary, which the rollback rule watches until somebody promotes it. */
export function Accept({ model, list }: { model: ModelName; list: ModelList }) {
  const { t } = useTranslation();
  const may = useMay();
  const [asking, setAsking] = useState(false);
  const { production, canary } = list.aliases;
  if (production === null || !may("POST /models/{version}/canary")) return null;
  if (canary && modelKey(canary) === modelKey(model)) {
    return <p data-testid="run-on-trial">{t("data.loop.onTrial", { percent: canary.percent })}</p>;
  }
  const to = `${model.name} ${model.version}`;
  return (
    <div>
      <button
        type="button"
        className="button"
        onClick={() => {
          setAsking(true);
        }}
        data-testid="run-accept"
      >
        {t("data.loop.accept", { percent: PERCENT })}
      </button>
      <p className="muted small">{t("data.loop.acceptText")}</p>
      {asking && (
        <ConfirmMove
          move={{ action: "canary", percent: PERCENT, ...model }}
          title={t("models.canaryTitle", { to })}
          confirm={t("models.makeCanary")}
          onClose={() => {
            setAsking(false);
          }}
          testId="accept"
        >
          <p>{t("models.changesCanary", { to, percent: PERCENT })}</p>
          <p>
            {t("models.changesRest", {
              from: `${production.name} ${production.version}`,
              percent: 100 - PERCENT,
            })}
          </p>
          {canary && (
            <p>{t("models.changesCanaryEnds", { canary: `${canary.name} ${canary.version}` })}</p>
          )}
        </ConfirmMove>
      )}
    </div>
  );
}
