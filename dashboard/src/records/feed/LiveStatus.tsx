import { useTranslation } from "react-i18next";
import { ApiError } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { clockTime } from "../../i18n/format";
import { errorText } from "../../i18n/texts";
import { type Condition, useCondition } from "../../registry/useCondition";
import css from "./LiveStatus.module.css";

interface LiveStatusProps {
  error: Error | null;
  updatedAt: number;
}

/** Whether the list is current. Always there, with a fixed height, so that nothing moves. */
export function LiveStatus({ error, updatedAt }: LiveStatusProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const time = updatedAt > 0 ? clockTime(updatedAt, language) : null;
  const state = error ? "down" : time === null ? "connecting" : "live";
  const condition = useCondition();

  const headline = {
    down: t(`condition.${whyDown(condition)}`),
    connecting: t("history.connecting"),
    live: t("history.live"),
  }[state];
  const explanation = {
    down: time === null ? t("history.retrying") : t("history.stale", { time }),
    connecting: "",
    live: time === null ? "" : t("history.updated", { time }),
  }[state];

  return (
    <div
      className={`${css.status} ${css[state]}`}
      title={error instanceof ApiError ? errorText(t, language, error.code) : undefined}
      data-testid="live-status"
      data-state={state}
    >
      {/* Only a change of state is announced, not each new time. */}
      <p className={css.headline} role="status">
        {headline}
      </p>
      <p className={css.explanation}>{explanation}</p>
    </div>
  );
}

/** As the header says it; what is wrong with the list alone, the header does not know. */
function whyDown(condition: Condition) {
  switch (condition) {
    case "offline":
    case "unreachable":
    case "signedOut":
    case "forbidden":
      return condition;
    default:
      return "failing";
  }
}
