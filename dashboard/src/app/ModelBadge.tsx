import { useTranslation } from "react-i18next";

import { useCondition } from "../registry/useCondition";
import { useStatus } from "../registry/useStatus";
import css from "./ModelBadge.module.css";

/** The model in service, or that there is none. */
export function ModelBadge() {
  const { t } = useTranslation();
  const { data } = useStatus();
  const condition = useCondition();
  const model = data?.model;

  if (condition === "asking") {
    return <Badge state="asking" text="…" description={t("app.modelLoading")} />;
  }
  if (condition !== "well" || !model) {
    const wrong = condition === "well" ? "noModel" : condition;
    const reason = wrong === "noModel" ? t("errors.model_unavailable") : t(`condition.${wrong}`);
    return <Badge state="down" text={t(`condition.${wrong}`)} description={reason} />;
  }
  return (
    <Badge
      state="up"
      text={`${model.name} ${model.version}`}
      description={t("app.modelReady", model)}
    />
  );
}

interface BadgeProps {
  state: "asking" | "up" | "down";
  text: string;
  description: string;
}

function Badge({ state, text, description }: BadgeProps) {
  return (
    <span className={`${css.badge} ${css[state]}`} title={description} data-testid="model-badge">
      <span className={css.dot} />
      <span className={css.text}>{text}</span>
    </span>
  );
}
