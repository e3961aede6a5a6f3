import { useTranslation } from "react-i18next";
import { ApiError } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { percent } from "../../i18n/format";
import { ImageIcon } from "../../ui/icons";
import { Notice } from "../../ui/notice/Notice";
import { Problem } from "../../ui/notice/Problem";
import { FileName } from "../../records/record/FileName";
import { type Item, nameOf } from "../queue/queue";
import css from "./ResultPanel.module.css";
import { ResultView } from "./ResultView";

interface ResultPanelProps {
  item: Item | undefined;
  onRetry: (id: string) => void;
}

export function ResultPanel({ item, onRetry }: ResultPanelProps) {
  const { t } = useTranslation();
  return (
    <section
      className={`card ${css.card}`}
      aria-label={t("predict.resultTitle")}
      aria-live="polite"
      aria-busy={item?.state === "working" || item?.state === "waiting"}
    >
      {item === undefined ? (
        <Notice icon={<ImageIcon />} title={t("predict.waitingTitle")}>
          <p>{t("predict.waitingText")}</p>
        </Notice>
      ) : item.error ? (
        <Problem
          error={item.error}
          onRetry={() => {
            onRetry(item.id);
          }}
        >
          <p>
            <FileName name={nameOf(item) ?? t("predict.pasted")} />
          </p>
          {isRefusedSet(item) && (
            <>
              <p>{t("predict.setRefused", { best: t("predict.answerBest") })}</p>
              <button
                type="button"
                className="button"
                onClick={() => {
                  onRetry(item.id); // by what is chosen now
                }}
              >
                {t("app.retry")}
              </button>
            </>
          )}
        </Problem>
      ) : item.outcome ? (
        <ResultView
          key={item.id}
          outcome={item.outcome}
          name={nameOf(item)}
          coverage={item.coverage}
        />
      ) : (
        <Working sent={item.sent} />
      )}
    </section>
  );
}

const SET_REFUSED = new Set(["invalid_parameter", "coverage_unmeasured"]);

/** The version was not measured for sets of labels, or not for one of this coverage. */
function isRefusedSet({ coverage, error }: Item): boolean {
  return coverage !== null && error instanceof ApiError && SET_REFUSED.has(error.code);
}

/** A placeholder for the answer; above it, the upload progress of a large file. */
function Working({ sent }: Pick<Item, "sent">) {
  const { t } = useTranslation();
  const language = useLanguage();
  return (
    <div className={css.working} data-testid="working">
      {sent === null ? (
        <span className="visually-hidden">{t("predict.working")}</span>
      ) : (
        <div className={css.sending}>
          <p>{sent < 1 ? t("predict.sendingLarge") : t("predict.sentClassifying")}</p>
          <progress
            className={css.progress}
            value={sent}
            max={1}
            aria-label={t("predict.sending", { share: percent(sent, language) })}
            data-testid="upload-progress"
          />
        </div>
      )}
      <div className={`skeleton ${css.headline}`} />
      <div className={`skeleton ${css.chart}`} />
      <div className={`skeleton ${css.facts}`} />
    </div>
  );
}
