import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { errorText } from "../../i18n/texts";
import { ServerText } from "./ServerText";

/** Their code says little: only the API's own sentence tells what to change. */
const WITH_REASON = new Set([
  "invalid_input",
  "missing_field",
  "invalid_body",
  "invalid_parameter",
  "job_refused",
  "run_refused",
  "backfill_conflict",
  "backfill_refused",
  "dataset_conflict",
]);

interface FailureTextProps {
  /** An `ApiError`, the error of a failed record, or another exception. */
  failure: { message: string; code?: string };
}

/** Why something failed, by its code; for an unknown code, what the API says. */
export function FailureText({ failure: { code = "", message } }: FailureTextProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const text = errorText(t, language, code);
  if (text === undefined) {
    return message === "" ? t("unlistedError", { code }) : <ServerText text={message} />;
  }
  if (message === "" || !WITH_REASON.has(code)) return text;
  return (
    <>
      {text} <ServerText text={message} />
    </>
  );
}
