import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { useMay } from "../../access/useMe";
import type { Engine, EngineAnswer } from "../../ondevice/engine";
import { useOutbox } from "../../outbox/useOutbox";
import { LabelPicker } from "../../records/feedback/LabelForms";
import { CheckIcon } from "../../ui/icons";
import { Problem } from "../../ui/notice/Problem";
import css from "./AnswerPanel.module.css";

interface DeviceFeedbackProps {
  answer: EngineAnswer;
  engine: Engine;
  deviceId: string;
}

/** Says whether an answer is right. It waits with its record until there is a network. */
export function DeviceFeedback({ answer, engine, deviceId }: DeviceFeedbackProps) {
  const { t } = useTranslation();
  const outbox = useOutbox();
  const may = useMay();
  const [mode, setMode] = useState<"ask" | "label" | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const section = useRef<HTMLElement>(null);
  const said = outbox.items.find((item) => item.deviceId === deviceId)?.feedback ?? null;
  if (!may("POST /predictions/{id}/feedback")) return null;

  const named = answer.status === "ok" ? answer.label : null;
  const give = (label: string | null) => {
    setError(null);
    outbox.label(deviceId, label).then(
      () => {
        setMode(null);
        section.current?.focus(); // its buttons have gone
      },
      (cause: unknown) => {
        setError(cause instanceof Error ? cause : new Error(String(cause)));
      },
    );
  };
  return (
    <section
      ref={section}
      className={css.feedback}
      tabIndex={-1}
      aria-label={t("feedback.title")}
      data-testid="device-feedback"
    >
      {said && mode === null ? (
        <div className="row">
          <span role="status">
            <Said said={said.label} named={named} />
          </span>
          <button
            type="button"
            className="button small"
            onClick={() => {
              setMode("ask");
            }}
            data-testid="device-feedback-change"
          >
            {t("feedback.change")}
          </button>
        </div>
      ) : (
        <>
          <h3>{named ? t("feedback.ask", { label: named }) : t("feedback.askUnknown")}</h3>
          <div className="row">
            {named !== null && (
              <button
                type="button"
                className="button small"
                onClick={() => {
                  give(named);
                }}
                data-testid="device-feedback-yes"
              >
                <CheckIcon />
                {t("feedback.yes")}
              </button>
            )}
            <button
              type="button"
              className="button small"
              aria-expanded={mode === "label"}
              onClick={() => {
                setMode(mode === "label" ? "ask" : "label");
              }}
              data-testid="device-feedback-no"
            >
              {t(named ? "feedback.no" : "feedback.choose")}
            </button>
            <button
              type="button"
              className="button small"
              onClick={() => {
                give(null);
              }}
              data-testid="device-feedback-none"
            >
              {t("feedback.none")}
            </button>
          </div>
          {mode === "label" && (
            <LabelPicker
              models={[engine.model]}
              others={engine.labels} // without a network nothing else is known
              suggested={said?.label ?? (named === null ? answer.label : null)}
              busy={false}
              onCancel={() => {
                setMode(said ? null : "ask");
              }}
              onSave={give}
            />
          )}
        </>
      )}
      {error && <Problem error={error} />}
    </section>
  );
}

function Said({ said, named }: { said: string | null; named: string | null }) {
  const { t } = useTranslation();
  const isRight = said === named;
  return (
    <span className={`chip ${isRight ? "good" : "unsure"}`} data-testid="device-feedback-said">
      {isRight && said !== null
        ? t("feedback.confirmed", { label: said })
        : `${named ?? t("status.unknown")} → ${said ?? t("feedback.none")}`}
    </span>
  );
}
