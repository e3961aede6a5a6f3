import { useTranslation } from "react-i18next";

import { useHealth } from "../registry/useHealth";
import css from "./ModelBadge.module.css";

/** The model in service, or that there is none. */
export function ModelBadge() {
  const { t } = useTranslation();
  const health = useHealth();
  const model = health.data?.model;

  if (health.isPending) {
    return <Badge state="asking" text="…" description={t("app.modelLoading")} />;
  }
  if (health.isError) {
    return <Badge state="down" text={t("app.apiUnreachable")} description={health.error.message} />;
  }
  if (health.data.status === "unavailable" || !model) {
    const reason = health.data.reason ?? t("app.modelUnavailable");
    return <Badge state="down" text={t("app.modelUnavailable")} description={reason} />;
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
