import { useTranslation } from "react-i18next";

import { useStatus } from "../registry/useStatus";
import css from "./ModelBadge.module.css";

/** The model in service, or that there is none. */
export function ModelBadge() {
  const { t } = useTranslation();
  const status = useStatus();
  const model = status.data?.model;

  if (status.isPending) {
    return <Badge state="asking" text="…" description={t("app.modelLoading")} />;
  }
  if (status.isError) {
    return <Badge state="down" text={t("app.apiUnreachable")} description={status.error.message} />;
  }
  if (status.data.status === "unavailable" || !model) {
    const text = t("app.modelUnavailable");
    return <Badge state="down" text={text} description={t("errors.model_unavailable")} />;
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
