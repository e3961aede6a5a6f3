import { useTranslation } from "react-i18next";

import { SecondFactorError } from "../auth/session";
import en from "../i18n/en.json";

/** Why Cognito refused, in words. */
export function FactorProblem({ error }: { error: Error }) {
  const { t } = useTranslation();
  const code = error instanceof SecondFactorError ? error.code : "";
  return (
    <p className="error-text small" role="alert" data-testid="factor-problem">
      {isKnown(code)
        ? t(`account.errors.${code}`)
        : t("account.otherError", { reason: error.message })}
    </p>
  );
}

function isKnown(code: string): code is keyof typeof en.account.errors {
  return Object.hasOwn(en.account.errors, code);
}
