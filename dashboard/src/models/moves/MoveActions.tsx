import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Aliases, ModelItem, Move } from "visionflow-client";

import css from "./MoveActions.module.css";

interface MoveActionsProps {
  item: ModelItem;
  aliases: Aliases;
  onMove: (move: Move) => void;
}

/** The actions on a version. Each is confirmed before it runs. */
export function MoveActions({ item, aliases, onMove }: MoveActionsProps) {
  const { t } = useTranslation();
  const { name, version } = item;
  const [percent, setPercent] = useState(aliases.canary?.percent ?? 10);
  const serves = item.aliases.includes("production");
  const isRetired = item.retired !== null;
  const isCanary = item.aliases.includes("canary");
  const isShadow = item.aliases.includes("shadow");
  return (
    <div className={css.actions}>
      <button
        type="button"
        className="button primary"
        disabled={serves || isRetired}
        onClick={() => {
          onMove({ action: "promote", name, version });
        }}
        data-testid="promote"
      >
        {t("models.promote")}
      </button>
      <div className={css.canary}>
        <label className={css.slider}>
          <span className="field-name numeric">{t("models.canaryShare", { percent })}</span>
          <input
            type="range"
            min={1}
            max={99}
            value={percent}
            disabled={serves || isRetired || isShadow}
            aria-valuetext={`${percent}%`}
            onChange={({ target }) => {
              setPercent(target.valueAsNumber);
            }}
            data-testid="canary-percent"
          />
        </label>
        <button
          type="button"
          className="button"
          disabled={serves || isRetired || isShadow}
          onClick={() => {
            onMove({ action: "canary", name, version, percent });
          }}
          data-testid="canary"
        >
          {t("models.makeCanary")}
        </button>
      </div>
      <button
        type="button"
        className="button"
        disabled={serves || isRetired || isCanary || isShadow}
        onClick={() => {
          onMove({ action: "shadow", name, version });
        }}
        data-testid="shadow"
      >
        {t("models.makeShadow")}
      </button>
      <button
        type="button"
        className="button danger"
        disabled={item.aliases.length > 0 || isRetired}
        onClick={() => {
          onMove({ action: "retire", name, version });
        }}
        data-testid="retire"
      >
        {t("models.retire")}
      </button>
      {(isCanary || isShadow) && (
        <p className="muted small" data-testid="one-role">
          {t(isCanary ? "models.isCanary" : "models.isShadow")}
        </p>
      )}
      {!item.gate_passed && <p className="error-text small">{t("models.gateBlocks")}</p>}
    </div>
  );
}
