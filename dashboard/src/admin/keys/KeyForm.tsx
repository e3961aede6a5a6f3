import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type KeyRequest, type Scope, SCOPES } from "visionflow-client";

import { useMe } from "../../access/useMe";
import { useFault } from "../../ui/fault/fault";
import { FaultReason } from "../../ui/fault/FaultReason";
import { NumberField } from "../../ui/NumberField";
import css from "./KeyForm.module.css";

interface KeyFormProps {
  isPending: boolean;
  onCancel: () => void;
  onCreate: (request: KeyRequest) => void;
}

/** What most programs need. */
const USUAL: readonly Scope[] = ["predict", "read"];

export function KeyForm({ isPending, onCancel, onCreate }: KeyFormProps) {
  const { t } = useTranslation();
  const own = useMe()?.scopes ?? SCOPES;
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly Scope[]>(() =>
    own.filter((scope) => USUAL.includes(scope)),
  );
  const [perMinute, setPerMinute] = useState("");
  const [perMonth, setPerMonth] = useState("");
  const [days, setDays] = useState("90");
  const fault = useFault(["name"], "key-name-hint");
  const bounds = { min: 1, step: 1 };
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        onCreate({
          name: name.trim(),
          scopes: SCOPES.filter((scope) => scopes.includes(scope)),
          requests_per_minute: numberOf(perMinute),
          requests_per_month: numberOf(perMonth),
          expires_in_days: numberOf(days),
        });
      }}
    >
      <div className="field">
        <label className="field">
          <span className="field-name">{t("keys.name")}</span>
          <input
            className="input"
            value={name}
            required
            maxLength={64}
            {...fault.attributes}
            onChange={({ target }) => {
              setName(target.value);
            }}
            data-testid="key-name"
          />
        </label>
        <FaultReason reason={fault.reason} />
        <p id="key-name-hint" className="muted small">
          {t("keys.nameHint")}
        </p>
      </div>
      <fieldset className={css.scopes}>
        <legend className="field-name">{t("keys.scopes")}</legend>
        {SCOPES.filter((scope) => own.includes(scope)).map((scope) => (
          <label key={scope} className="check">
            <input
              type="checkbox"
              checked={scopes.includes(scope)}
              onChange={({ target }) => {
                setScopes(
                  target.checked ? [...scopes, scope] : scopes.filter((known) => known !== scope),
                );
              }}
              data-testid={`key-scope-${scope}`}
            />
            <span>
              <code>{scope}</code> <span className="muted">{t(`access.scopes.${scope}`)}</span>
            </span>
          </label>
        ))}
        <p className="muted small">
          {t(scopes.length === 0 ? "keys.needScope" : "keys.scopesHint")}
        </p>
      </fieldset>
      <div className={css.limits}>
        <NumberField
          name={t("keys.perMinute")}
          field="requests_per_minute"
          hint={t("keys.limitHint")}
          value={perMinute}
          bounds={bounds}
          onChange={setPerMinute}
          testId="key-per-minute"
        />
        <NumberField
          name={t("keys.perMonth")}
          field="requests_per_month"
          hint={t("keys.limitHint")}
          value={perMonth}
          bounds={bounds}
          onChange={setPerMonth}
          testId="key-per-month"
        />
        <NumberField
          name={t("keys.days")}
          field="expires_in_days"
          hint={t("keys.daysHint")}
          value={days}
          bounds={bounds}
          onChange={setDays}
          testId="key-days"
        />
      </div>
      <div className={css.buttons}>
        <button type="button" className="button" onClick={onCancel}>
          {t("app.cancel")}
        </button>
        <button
          type="submit"
          className="button primary"
          disabled={isPending || scopes.length === 0}
          data-testid="key-submit"
        >
          {t("keys.create")}
        </button>
      </div>
    </form>
  );
}

function numberOf(text: string): number | null {
  return text === "" ? null : Number(text);
}
