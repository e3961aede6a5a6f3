import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "visionflow-client";

import { useReach } from "../../access/useReach";
import { useLanguage } from "../../i18n";
import { moment } from "../../i18n/format";
import { WarningIcon } from "../icons";
import { FailureText } from "./FailureText";
import { MissingScope } from "./MissingScope";
import css from "./Problem.module.css";
import { ServerText } from "./ServerText";

interface ProblemProps {
  error: Error;
  /** Offered only where the same request may succeed later. */
  onRetry?: () => void;
  /** What else there is to say about it. */
  children?: ReactNode;
}

/** A failed request: a sentence, and the technical details folded below it. */
export function Problem({ error, onRetry, children }: ProblemProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const reach = useReach();
  const problem =
    error instanceof ApiError ? error : new ApiError("unexpected_answer", error.message);
  return (
    <div className={css.problem} role="alert" data-testid="problem" data-code={problem.code}>
      <WarningIcon className={css.icon} />
      <div className={css.body}>
        <p className={css.text}>
          {problem.unreachable && problem.retryable && reach === "offline" ? (
            t("reach.offlineText")
          ) : (
            <FailureText failure={problem} />
          )}
        </p>
        {problem.route !== null && problem.code === "forbidden" && (
          <MissingScope route={problem.route} />
        )}
        {problem.retryAt !== null && (
          <p className="small" data-testid="retry-at">
            {t("problem.retryAt", { time: moment(problem.retryAt, language) })}
          </p>
        )}
        {children}
        <details>
          <summary>{t("problem.details")}</summary>
          <dl className="facts">
            <dt>{t("problem.code")}</dt>
            <dd>
              <code>{problem.code}</code>
            </dd>
            {problem.status !== null && (
              <>
                <dt>{t("problem.status")}</dt>
                <dd>{problem.status}</dd>
              </>
            )}
            {problem.requestId !== null && (
              <>
                <dt>{t("problem.requestId")}</dt>
                <dd>
                  <code>{problem.requestId}</code>
                </dd>
              </>
            )}
            {problem.message !== "" && (
              <>
                <dt>{t("problem.detail")}</dt>
                <dd>
                  <ServerText text={problem.message} />
                </dd>
              </>
            )}
          </dl>
        </details>
        {onRetry && problem.retryable && (
          <button type="button" className="button" onClick={onRetry}>
            {t("app.retry")}
          </button>
        )}
      </div>
    </div>
  );
}
