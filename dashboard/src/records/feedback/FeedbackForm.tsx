import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Feedback, FeedbackRequest, LogEntry } from "visionflow-client";

import { useHolds, useMay, useMe } from "../../access/useMe";
import { CheckIcon } from "../../ui/icons";
import { Problem } from "../../ui/notice/Problem";
import css from "./FeedbackForm.module.css";
import { LabelPicker, NewClass } from "./LabelForms";
import { SaidNow } from "./SaidNow";
import { useFeedback } from "./useFeedback";

export type Judged = Pick<LogEntry, "id" | "status" | "label" | "top_k" | "model"> & {
  feedback?: Feedback | null;
};

/** `ask`: the choices although there is feedback already; the others open a form below them. */
type Mode = "ask" | "label" | "new";

/** Judges the answer of one record. All feedback stays in the record's history. */
export function FeedbackForm({ record }: { record: Judged }) {
  const { t } = useTranslation();
  const { id, status, label, top_k, model } = record;
  const { say, undo, said: saidHere, undoable } = useFeedback(id);
  const mayGive = useMay()("POST /predictions/{id}/feedback");
  const me = useMe();
  const [mode, setMode] = useState<Mode | null>(null);
  const section = useRef<HTMLElement>(null);
  const said = saidHere === undefined ? (record.feedback ?? null) : saidHere;
  // The API answers what counts now: somebody's with more weight, or what was just given.
  const sent = say.variables?.label;
  const outweighed = say.data && !undo.isSuccess && say.data.label !== sent ? say.data : null;
  // Who gave it is known by an id that only the API has; the name only chooses the words.
  const isShown = !outweighed && said?.by === me?.name;
  if (said === null && !mayGive) return null;

  const done = () => {
    setMode(null);
    section.current?.focus(); // its buttons have gone
  };
  const give = (wanted: FeedbackRequest) => {
    say.mutate(wanted, { onSuccess: done });
  };
  const busy = say.isPending || undo.isPending;
  return (
    <section
      ref={section}
      className={css.feedback}
      tabIndex={-1}
      aria-label={t("feedback.title")}
      data-testid="feedback"
    >
      {said && mode === null ? (
        <>
          <div className={css.said} role="status">
            <SaidNow record={record} said={said} />
          </div>
          {outweighed && (
            <p className="small" role="status" data-testid="feedback-outweighed">
              {t("feedback.outweighed", { label: sent ?? t("feedback.none") })}
            </p>
          )}
          {mayGive && (
            <div className="row">
              <button
                type="button"
                className="button small"
                onClick={() => {
                  setMode("ask");
                }}
                data-testid="feedback-change"
              >
                {t("feedback.change")}
              </button>
              {undoable !== null && (
                <button
                  type="button"
                  className="button small"
                  disabled={busy}
                  onClick={() => {
                    undo.mutate(undefined, { onSuccess: done });
                  }}
                  data-testid="feedback-undo"
                >
                  {t(
                    undoable === "unowned"
                      ? "feedback.undoUnowned"
                      : isShown
                        ? "feedback.undo"
                        : "feedback.undoOwn",
                  )}
                </button>
              )}
            </div>
          )}
        </>
      ) : (
        <>
          <Choices
            record={record}
            mode={mode}
            busy={busy}
            onMode={setMode}
            onSay={give}
            onCancel={said ? done : null}
          />
          {mode === "label" && (
            <LabelPicker
              models={[model]}
              others={top_k.map((score) => score.label)}
              suggested={said?.label ?? (status === "ok" ? null : label)}
              busy={busy}
              onCancel={done}
              onSave={(right) => {
                give({ label: right, ...(right === said?.label && { new: true }) });
              }}
            />
          )}
          {mode === "new" && (
            <NewClass
              busy={busy}
              onCancel={done}
              onSave={(right) => {
                give({ label: right, new: true });
              }}
            />
          )}
        </>
      )}
      {say.error && <Problem error={say.error} />}
      {undo.error && <Problem error={undo.error} />}
    </section>
  );
}

interface ChoicesProps {
  record: Judged;
  mode: Mode | null;
  busy: boolean;
  onMode: (mode: Mode) => void;
  onSay: (wanted: FeedbackRequest) => void;
  /** `null` where nothing has been said that could stay. */
  onCancel: (() => void) | null;
}

/** What can be said of an answer; of an unknown image first that it shows none of the classes. */
function Choices({ record, mode, busy, onMode, onSay, onCancel }: ChoicesProps) {
  const { t } = useTranslation();
  const mayName = useHolds()("label");
  const named = record.status === "ok" ? record.label : null;
  const opens = (form: Mode) => ({
    type: "button" as const,
    className: "button small",
    "aria-expanded": mode === form,
    onClick: () => {
      onMode(mode === form ? "ask" : form);
    },
  });
  // Only after "Change", whose button has gone; the choices stay while forms open and close.
  const autoFocus = mode === "ask";
  const none = (
    <button
      type="button"
      className="button small"
      autoFocus={autoFocus && named === null}
      disabled={busy}
      onClick={() => {
        onSay({ label: null });
      }}
      data-testid="feedback-none"
    >
      {t("feedback.none")}
    </button>
  );
  return (
    <>
      <h3>{named ? t("feedback.ask", { label: named }) : t("feedback.askUnknown")}</h3>
      <div className="row">
        {named !== null ? (
          <button
            type="button"
            className="button small"
            autoFocus={autoFocus}
            disabled={busy}
            onClick={() => {
              onSay({ label: named });
            }}
            data-testid="feedback-yes"
          >
            <CheckIcon />
            {t("feedback.yes")}
          </button>
        ) : (
          none
        )}
        <button {...opens("label")} data-testid="feedback-no">
          {t(named ? "feedback.no" : "feedback.choose")}
        </button>
        {named !== null && none}
        {mayName && (
          <button {...opens("new")} data-testid="feedback-new">
            {t("feedback.new")}
          </button>
        )}
        {onCancel && mode === "ask" && (
          <button
            type="button"
            className="button small"
            onClick={onCancel}
            data-testid="feedback-cancel"
          >
            {t("app.cancel")}
          </button>
        )}
      </div>
    </>
  );
}
