import { useMutation } from "@tanstack/react-query";
import { QRCodeSVG } from "qrcode.react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useOutletContext } from "react-router";

import type { SecondFactor } from "../auth/session";
import { CopyText } from "../ui/CopyText";
import css from "./Enrolment.module.css";
import { FactorProblem } from "./FactorProblem";

interface EnrolmentProps {
  secret: string;
  /** Who signs in, as the app is to list it. */
  name: string;
  factor: SecondFactor;
  onDone: () => void;
}

/** The secret for the app, and the first code that proves that the app has it. */
export function Enrolment({ secret, name, factor, onDone }: EnrolmentProps) {
  const { t } = useTranslation();
  const stage = useOutletContext<string>();
  const [code, setCode] = useState("");
  const confirm = useMutation({ mutationFn: factor.confirm, onSuccess: onDone });
  return (
    <form
      className={css.enrolment}
      onSubmit={(event) => {
        event.preventDefault();
        confirm.mutate(code);
      }}
    >
      <p>{t("account.scan")}</p>
      <div className={css.secret}>
        <QRCodeSVG
          className={css.code}
          value={keyUri(secret, `VisionFlow ${stage}`, name)}
          size={192}
          marginSize={4}
          title={t("account.qr")}
        />
        <div className={css.text}>
          <CopyText name={t("account.secret")} text={secret} testId="factor-secret" />
          <p className="muted small">{t("account.secretText")}</p>
        </div>
      </div>
      <label className={`field ${css.field}`}>
        <span className="field-name">{t("account.code")}</span>
        <input
          className="input numeric"
          inputMode="numeric"
          autoComplete="one-time-code"
          pattern="[0-9]{6}"
          maxLength={6}
          required
          value={code}
          onChange={({ target }) => {
            setCode(target.value.trim());
          }}
          data-testid="factor-code"
        />
      </label>
      {confirm.error && <FactorProblem error={confirm.error} />}
      <div>
        <button
          type="submit"
          className="button primary"
          disabled={confirm.isPending}
          data-testid="factor-confirm"
        >
          {t("account.confirm")}
        </button>
      </div>
    </form>
  );
}

/** https://github.com/google/google-authenticator/wiki/Key-Uri-Format */
function keyUri(secret: string, issuer: string, name: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(name)}`;
  return `otpauth://totp/${label}?secret=${secret}&issuer=${encodeURIComponent(issuer)}`;
}
