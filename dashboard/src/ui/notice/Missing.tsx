import { useTranslation } from "react-i18next";

import { ApiError } from "../../api/errors";
import { WarningIcon } from "../icons";
import { Notice } from "./Notice";
import { Problem } from "./Problem";

interface MissingProps {
  error: Error;
  /** The requested route, as `GET /stats`. */
  route: string;
  onRetry: () => void;
}

/** Why a part of the page is missing: the API lacks the route, or the request failed. */
export function Missing({ error, route, onRetry }: MissingProps) {
  const { t } = useTranslation();
  if (error instanceof ApiError && error.missingRoute) {
    return (
      <Notice icon={<WarningIcon />} title={t("app.notOffered")} testId="not-offered">
        <p>{t("app.notOfferedText", { route })}</p>
      </Notice>
    );
  }
  return <Problem error={error} onRetry={onRetry} />;
}
