import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { whole } from "../../i18n/format";
import { useLanguage } from "../../i18n";
import { Problem } from "../../ui/notice/Problem";
import { EraseDialog } from "./EraseDialog";
import css from "./ErasePanel.module.css";
import { useErasure } from "./useErasure";

/** Erases all that one owner sent. A link may name the owner: `?tab=erase&owner=user:…`. */
export function ErasePanel() {
  const { t } = useTranslation();
  const language = useLanguage();
  const [params] = useSearchParams();
  const [owner, setOwner] = useState(params.get("owner") ?? "");
  const [isAsking, setAsking] = useState(false);
  const erasure = useErasure();
  const n = whole(erasure.erased, language);
  return (
    <section className="card panel" aria-labelledby="erase-title" data-testid="erase">
      <div>
        <h2 id="erase-title">{t("erase.title")}</h2>
        <p className="muted small">{t("erase.text")}</p>
      </div>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          setAsking(true);
        }}
      >
        <div className="field">
          <label className="field">
            <span className="field-name">{t("erase.owner")}</span>
            <input
              className="input"
              value={owner}
              required
              disabled={erasure.state === "running"}
              aria-describedby="erase-hint"
              onChange={({ target }) => {
                setOwner(target.value.trim());
              }}
              data-testid="erase-owner"
            />
          </label>
          <p id="erase-hint" className="muted small">
            {t("erase.ownerHint")}
          </p>
        </div>
        <button
          type="submit"
          className="button danger"
          disabled={owner === "" || erasure.state === "running"}
          data-testid="erase-ask"
        >
          {t("erase.ask")}
        </button>
      </form>
      {erasure.state === "running" && (
        <div className={css.running}>
          <p role="status" data-testid="erase-running">
            {t("erase.running", { n })}
          </p>
          <progress className={css.bar} aria-label={t("erase.progress")} />
          <button type="button" className="button small" onClick={erasure.stop}>
            {t("erase.stop")}
          </button>
        </div>
      )}
      {(erasure.state === "done" || erasure.state === "stopped") && (
        <p role="status" data-testid="erase-result">
          {t(`erase.${erasure.state}`, { n })}
        </p>
      )}
      {erasure.error && (
        <Problem error={erasure.error}>
          <p>{t("erase.stopped", { n })}</p>
        </Problem>
      )}
      {isAsking && (
        <EraseDialog
          owner={owner}
          onClose={() => {
            setAsking(false);
          }}
          onConfirm={() => {
            setAsking(false);
            erasure.start(owner);
          }}
        />
      )}
    </section>
  );
}
