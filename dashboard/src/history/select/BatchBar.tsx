import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { FeedbackRequest, LogEntry } from "visionflow-client";

import { useHolds, useMay, useMe } from "../../access/useMe";
import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { AddToDataset } from "../../records/dataset/AddToDataset";
import { LabelPicker, NewClass } from "../../records/feedback/LabelForms";
import { useFeedbackCalls } from "../../records/feedback/useFeedback";
import { hasImage } from "../../records/origin/origin";
import { useForget } from "../../records/owner/useForget";
import { CheckIcon } from "../../ui/icons";
import css from "./BatchBar.module.css";
import { BatchResult } from "./BatchResult";
import { DeleteSelected } from "./DeleteSelected";
import { useBatch } from "./useBatch";
import { MOST_SELECTED, type Selection } from "./useSelection";

/** What can be done with the selected records together. */
export default function BatchBar({ selection }: { selection: Selection }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const me = useMe();
  const may = useMay();
  const mayName = useHolds()("label");
  const forget = useForget();
  const { give } = useFeedbackCalls();
  const { batch, run, stop } = useBatch();
  const [form, setForm] = useState<"label" | "new" | null>(null);
  const { rows } = selection;
  const answered = rows.filter(({ status }) => status !== "failed");
  const imaged = answered.filter(hasImage);
  const named = rows.filter(({ status }) => status === "ok");
  const own = rows.filter(({ owner }) => isOwn(owner, me));
  const busy = batch?.isRunning ?? false;

  const start = async (some: readonly LogEntry[], call: (row: LogEntry) => Promise<unknown>) => {
    setForm(null);
    const left = new Set(await run(some, call));
    selection.drop(rows.filter((row) => !left.has(row)).map(({ id }) => id));
  };
  const say = (some: readonly LogEntry[], said: (row: LogEntry) => FeedbackRequest) =>
    void start(some, (row) => give(row.id, said(row)));
  const opens = (which: "label" | "new") => ({
    type: "button" as const,
    className: "button small",
    "aria-expanded": form === which,
    disabled: busy || answered.length === 0,
    onClick: () => {
      setForm(form === which ? null : which);
    },
  });
  const close = () => {
    setForm(null);
  };

  return (
    <div className={css.bar} role="region" aria-label={t("history.select.title")}>
      <div className={css.line}>
        <p role="status" data-testid="selected-count">
          {t("history.select.count", { n: whole(rows.length, language) })}
          {rows.length === MOST_SELECTED && (
            <span className="muted small"> {t("history.select.full")}</span>
          )}
        </p>
        <button
          type="button"
          className="button small"
          disabled={busy}
          onClick={selection.all}
          data-testid="select-all"
        >
          {t("history.select.all")}
        </button>
        <button
          type="button"
          className="button small"
          disabled={busy}
          onClick={() => {
            selection.set([]);
          }}
          data-testid="select-none"
        >
          {t("history.select.clear")}
        </button>
      </div>
      {rows.length > 0 && (
        <div className={css.line}>
          {may("POST /predictions/{id}/feedback") && (
            <>
              <button
                type="button"
                className="button small"
                disabled={busy || named.length === 0}
                onClick={() => {
                  say(named, ({ label }) => ({ label }));
                }}
                data-testid="batch-confirm"
              >
                <CheckIcon />
                {t("history.select.confirm", { n: whole(named.length, language) })}
              </button>
              <button {...opens("label")} data-testid="batch-label">
                {t("history.select.label")}
              </button>
              {mayName && (
                <button {...opens("new")} data-testid="batch-new">
                  {t("feedback.new")}
                </button>
              )}
              <button
                type="button"
                className="button small"
                disabled={busy || answered.length === 0}
                onClick={() => {
                  say(answered, () => ({ label: null }));
                }}
                data-testid="batch-none"
              >
                {t("feedback.none")}
              </button>
            </>
          )}
          {imaged.length > 0 && <AddToDataset records={imaged} testId="batch-dataset" />}
          {may("DELETE /predictions/{id}") && own.length > 0 && (
            <DeleteSelected
              n={own.length}
              disabled={busy}
              onConfirm={() =>
                void start(own, async (row) => {
                  await api.erase(row.id);
                  forget(row.id);
                })
              }
            />
          )}
        </div>
      )}
      {form === "label" && (
        <LabelPicker
          models={answered.map(({ model }) => model)}
          others={[...new Set(answered.flatMap(({ top_k }) => top_k.map(({ label }) => label)))]}
          suggested={null}
          busy={busy}
          onCancel={close}
          onSave={(label) => {
            say(answered, () => ({ label }));
          }}
          upward
        />
      )}
      {form === "new" && (
        <NewClass
          busy={busy}
          onCancel={close}
          onSave={(label) => {
            say(answered, () => ({ label, new: true }));
          }}
        />
      )}
      {answered.length < rows.length && (
        <p className="muted small" data-testid="batch-failed-images">
          {t("history.select.unread", { n: whole(rows.length - answered.length, language) })}
        </p>
      )}
      {imaged.length < answered.length && (
        <p className="muted small" data-testid="batch-unsent">
          {t("origin.unsent", { n: whole(answered.length - imaged.length, language) })}
        </p>
      )}
      {own.length < rows.length && may("DELETE /predictions/{id}") && (
        <p className="muted small" data-testid="batch-others">
          {t("history.select.others", { n: whole(rows.length - own.length, language) })}
        </p>
      )}
      {batch && <BatchResult batch={batch} onStop={stop} />}
    </div>
  );
}

function isOwn(owner: string | null, me: ReturnType<typeof useMe>): boolean {
  return me === undefined || owner === me.id || me.scopes.includes("admin");
}
