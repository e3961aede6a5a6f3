import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useMay, useMe } from "../../access/useMe";
import { useApi } from "../../api/ApiContext";
import type { LogEntry } from "../../api/types";
import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { AddToDataset } from "../../records/dataset/AddToDataset";
import { useFeedbackCalls } from "../../records/feedback/useFeedback";
import { useForget } from "../../records/owner/useForget";
import { useLabelChoices } from "../../registry/useLabels";
import { Combobox } from "../../ui/combobox/Combobox";
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
  const forget = useForget();
  const { give } = useFeedbackCalls();
  const { batch, run, stop } = useBatch();
  const [isLabelling, setLabelling] = useState(false);
  const { rows } = selection;
  const answered = rows.filter(({ status }) => status !== "failed");
  const named = rows.filter(({ status }) => status === "ok");
  const own = rows.filter(({ owner }) => isOwn(owner, me));
  const busy = batch?.isRunning ?? false;

  const start = async (some: readonly LogEntry[], call: (row: LogEntry) => Promise<unknown>) => {
    setLabelling(false);
    const left = new Set(await run(some, call));
    selection.drop(rows.filter((row) => !left.has(row)).map(({ id }) => id));
  };
  const say = (some: readonly LogEntry[], label: (row: LogEntry) => string | null) =>
    void start(some, (row) => give(row.id, { label: label(row) }));

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
                  say(named, ({ label }) => label);
                }}
                data-testid="batch-confirm"
              >
                <CheckIcon />
                {t("history.select.confirm", { n: whole(named.length, language) })}
              </button>
              <button
                type="button"
                className="button small"
                aria-expanded={isLabelling}
                disabled={busy || answered.length === 0}
                onClick={() => {
                  setLabelling(!isLabelling);
                }}
                data-testid="batch-label"
              >
                {t("history.select.label")}
              </button>
              <button
                type="button"
                className="button small"
                disabled={busy || answered.length === 0}
                onClick={() => {
                  say(answered, () => null);
                }}
                data-testid="batch-none"
              >
                {t("feedback.none")}
              </button>
            </>
          )}
          {answered.length > 0 && <AddToDataset records={answered} testId="batch-dataset" />}
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
      {isLabelling && (
        <LabelSelected
          rows={answered}
          onSave={(label) => {
            say(answered, () => label);
          }}
        />
      )}
      {answered.length < rows.length && (
        <p className="muted small" data-testid="batch-failed-images">
          {t("history.select.unread", { n: whole(rows.length - answered.length, language) })}
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

interface LabelSelectedProps {
  rows: readonly LogEntry[];
  onSave: (label: string) => void;
}

/** One label for all of them, of the versions that answered them. */
function LabelSelected({ rows, onSave }: LabelSelectedProps) {
  const { t } = useTranslation();
  const [label, setLabel] = useState<string | null>(null);
  const labels = useLabelChoices(
    rows.map(({ model }) => model),
    [...new Set(rows.flatMap(({ top_k }) => top_k.map((score) => score.label)))],
  );
  return (
    <form
      className={css.line}
      onSubmit={(event) => {
        event.preventDefault();
        if (label !== null) onSave(label);
      }}
    >
      <Combobox
        name={t("feedback.right")}
        hideName
        choices={labels}
        value={label}
        onChange={setLabel}
        placeholder={t("feedback.pick")}
        testId="batch-label-name"
        upward
      />
      <button
        type="submit"
        className="button primary"
        disabled={label === null}
        data-testid="batch-label-save"
      >
        {t("feedback.save")}
      </button>
    </form>
  );
}
