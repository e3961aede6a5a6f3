import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { ApiError } from "visionflow-client";

import { scopeOf } from "../../access/scopes";
import { meQuery } from "../../access/useMe";
import { useApi } from "../../api/ApiContext";
import { ShieldIcon, WarningIcon } from "../icons";
import { Notice } from "./Notice";
import { Problem } from "./Problem";

interface MissingProps {
  error: Error;
  /** The requested route, as `GET /stats`. */
  route: string;
  onRetry: () => void;
}

/**
 * Why a part of the page is missing: the API lacks the route, the request failed, or it is about
 * everybody's records and the caller, who has the scope, sees only their own.
 */
export function Missing({ error, route, onRetry }: MissingProps) {
  const { t } = useTranslation();
  // Asked again here, what failed would take this away, which would ask again, and so on.
  const { data: me } = useQuery({ ...meQuery(useApi()), retryOnMount: false });
  if (error instanceof ApiError && error.missingRoute) {
    return (
      <Notice icon={<WarningIcon />} title={t("app.notOffered")} testId="not-offered">
        <p>{t("app.notOfferedText", { route })}</p>
      </Notice>
    );
  }
  const scope = scopeOf(route);
  if (isForbidden(error) && me && scope !== null && me.scopes.includes(scope)) {
    return (
      <Notice icon={<ShieldIcon />} title={t("access.adminsOnly")} testId="admins-only">
        <p>{t("access.adminsOnlyText")}</p>
      </Notice>
    );
  }
  return <Problem error={error} onRetry={onRetry} />;
}

function isForbidden(error: Error): boolean {
  return error instanceof ApiError && error.code === "forbidden";
}
