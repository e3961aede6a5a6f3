import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { HookRequest } from "visionflow-client";

import { hooksQuery } from "../../access/hooksQuery";
import { useApi } from "../../api/ApiContext";
import { CopyText } from "../../ui/CopyText";
import { Modal } from "../../ui/dialog/Modal";
import { NumberField } from "../../ui/NumberField";
import { Problem } from "../../ui/notice/Problem";
import css from "./Hooks.module.css";
import { type HookKind, kindKey, KINDS } from "./kinds";

/** Adds a hook, then shows a webhook's secret: this once. */
export function AddHookDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const api = useApi();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [target, setTarget] = useState("");
  const [kinds, setKinds] = useState<readonly HookKind[]>([]);
  const [labels, setLabels] = useState("");
  const [atLeast, setAtLeast] = useState("");
  const [below, setBelow] = useState("");
  const add = useMutation({
    mutationFn: (request: HookRequest) => api.createHook(request),
    onSuccess: () => queries.invalidateQueries(hooksQuery(api)),
    gcTime: 0, // the secret is not kept once the dialog is closed
  });
  if (add.data) {
    const { secret, kind } = add.data;
    if (secret !== null) {
      return <SecretDialog name={add.data.name} secret={secret} onClose={onClose} />;
    }
    return (
      <Modal title={t("hooks.added", { name: add.data.name })} onClose={onClose} testId="new-hook">
        {kind === "email" && <p>{t("hooks.mail")}</p>}
        <div>
          <button type="button" className="button primary" onClick={onClose}>
            {t("hooks.done")}
          </button>
        </div>
      </Modal>
    );
  }
  const bounds = { min: 0, max: 1, step: 0.01 };
  return (
    <Modal title={t("hooks.add")} onClose={onClose} testId="add-hook">
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate({
            name: name.trim(),
            target: target.trim(),
            kinds: [...kinds],
            labels: labels
              .split(",")
              .map((label) => label.trim())
              .filter((label) => label !== ""),
            confidence_at_least: numberOf(atLeast),
            confidence_below: numberOf(below),
          });
        }}
      >
        <TextField id="name" value={name} onChange={setName} required />
        <TextField id="target" value={target} onChange={setTarget} required />
        <fieldset className={css.kinds}>
          <legend className="field-name">{t("hooks.kinds")}</legend>
          {KINDS.map((kind) => (
            <label key={kind} className="check">
              <input
                type="checkbox"
                checked={kinds.includes(kind)}
                onChange={({ target: box }) => {
                  setKinds(
                    box.checked ? [...kinds, kind] : kinds.filter((known) => known !== kind),
                  );
                }}
                data-testid={`hook-kind-${kind}`}
              />
              <span>{t(`hooks.kind.${kindKey(kind)}`)}</span>
            </label>
          ))}
          <p className="muted small">{t("hooks.kindsHint")}</p>
        </fieldset>
        <TextField id="labels" value={labels} onChange={setLabels} />
        <div className={css.bounds}>
          <NumberField
            name={t("hooks.atLeast")}
            field="confidence_at_least"
            hint={t("hooks.boundHint")}
            value={atLeast}
            bounds={bounds}
            onChange={setAtLeast}
            testId="hook-at-least"
          />
          <NumberField
            name={t("hooks.below")}
            field="confidence_below"
            hint={t("hooks.boundHint")}
            value={below}
            bounds={bounds}
            onChange={setBelow}
            testId="hook-below"
          />
        </div>
        {add.error && <Problem error={add.error} />}
        <div className={css.buttons}>
          <button type="button" className="button" onClick={onClose}>
            {t("app.cancel")}
          </button>
          <button
            type="submit"
            className="button primary"
            disabled={add.isPending}
            data-testid="hook-submit"
          >
            {t("hooks.add")}
          </button>
        </div>
      </form>
    </Modal>
  );
}

interface SecretDialogProps {
  name: string;
  secret: string;
  onClose: () => void;
}

export function SecretDialog({ name, secret, onClose }: SecretDialogProps) {
  const { t } = useTranslation();
  return (
    <Modal title={t("hooks.newTitle", { name })} onClose={onClose} testId="hook-secret">
      <CopyText name={t("hooks.secret")} text={secret} testId="secret-text" />
      <p>{t("hooks.once")}</p>
      <div>
        <button
          type="button"
          className="button primary"
          onClick={onClose}
          data-testid="hook-secret-done"
        >
          {t("hooks.done")}
        </button>
      </div>
    </Modal>
  );
}

interface TextFieldProps {
  id: "name" | "target" | "labels";
  value: string;
  onChange: (text: string) => void;
  required?: boolean;
}

function TextField({ id, value, onChange, required = false }: TextFieldProps) {
  const { t } = useTranslation();
  return (
    <div className="field">
      <label className="field">
        <span className="field-name">{t(`hooks.${id}`)}</span>
        <input
          className="input"
          value={value}
          required={required}
          maxLength={500}
          aria-describedby={`hook-${id}-hint`}
          onChange={({ target }) => {
            onChange(target.value);
          }}
          data-testid={`hook-${id}`}
        />
      </label>
      <p id={`hook-${id}-hint`} className="muted small">
        {t(`hooks.${id}Hint`)}
      </p>
    </div>
  );
}

function numberOf(text: string): number | null {
  return text === "" ? null : Number(text);
}
