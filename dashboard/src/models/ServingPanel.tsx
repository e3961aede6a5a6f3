import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Aliases, ModelName, Move } from "visionflow-client";

import type { KnownRoute } from "../access/scopes";
import { useMay } from "../access/useMe";
import css from "./ServingPanel.module.css";

interface ServingPanelProps {
  aliases: Aliases;
  onMove: (move: Move) => void;
}

/** The versions that serve now, by role. */
export function ServingPanel({ aliases, onMove }: ServingPanelProps) {
  const { t } = useTranslation();
  const may = useMay();
  const { production, canary, shadow } = aliases;
  const ask = (move: Move, route: KnownRoute, label: string, testId: string) =>
    may(route) && (
      <button
        type="button"
        className="button small"
        onClick={() => {
          onMove(move);
        }}
        data-testid={testId}
      >
        {label}
      </button>
    );
  return (
    <section className={css.roles} aria-label={t("models.serving")} data-testid="serving">
      <Role
        name={t("models.alias.production")}
        text={t("models.productionText", { percent: 100 - (canary?.percent ?? 0) })}
        model={production}
        nobody={t("models.nobodyProduction")}
      >
        {production &&
          ask({ action: "rollback" }, "POST /models/rollback", t("models.rollback"), "rollback")}
      </Role>
      <Role
        name={t("models.alias.canary")}
        text={canary ? t("models.canaryText", { percent: canary.percent }) : t("models.canaryHint")}
        model={canary}
        nobody={t("models.nobody")}
      >
        {canary &&
          ask(
            { action: "end_canary" },
            "DELETE /models/canary",
            t("models.endCanary"),
            "end-canary",
          )}
      </Role>
      <Role
        name={t("models.alias.shadow")}
        text={shadow ? t("models.shadowText") : t("models.shadowHint")}
        model={shadow}
        nobody={t("models.nobody")}
      >
        {shadow &&
          ask(
            { action: "end_shadow" },
            "DELETE /models/shadow",
            t("models.endShadow"),
            "end-shadow",
          )}
      </Role>
    </section>
  );
}

interface RoleProps {
  name: string;
  text: string;
  model: ModelName | null;
  nobody: string;
  children: ReactNode;
}

function Role({ name, text, model, nobody, children }: RoleProps) {
  return (
    <div className={`card ${css.role}`}>
      <h2 className={css.name}>{name}</h2>
      <p className={model ? css.model : css.nobody}>
        {model ? `${model.name} ${model.version}` : nobody}
      </p>
      <p className="muted small">{text}</p>
      <div className={css.action}>{children}</div>
    </div>
  );
}
