import { useTranslation } from "react-i18next";

import { SecondFactorError } from "../auth/session";
import { factorText } from "../i18n/texts";

/** Why Cognito refused, in words. */
export function FactorProblem({ error }: { error: Error }) {
  const { t } = useTranslation();
  const code = error instanceof SecondFactorError ? error.code : "";
  return (
    <p className="error-text small" role="alert" data-testid="factor-problem">
      {factorText(t, code) ?? t("account.otherError", { reason: error.message })}
    </p>
  );
}
