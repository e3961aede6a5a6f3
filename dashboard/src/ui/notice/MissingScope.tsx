import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { scopeOf } from "../../access/scopes";
import { givesOnceSecured, useMe } from "../../access/useMe";

/** Which permission the caller lacks for a route; nothing where they have it or it is not known. */
export function MissingScope({ route }: { route: string }) {
  const { t } = useTranslation();
  const me = useMe();
  const scope = scopeOf(route);
  if (!me || scope === null || me.scopes.includes(scope)) return null;
  const what = t(`access.scopes.${scope}`);
  const waits = givesOnceSecured(me, scope);
  return (
    <p className="muted small" data-testid="missing-scope" data-scope={scope}>
      {t(waits ? "access.needsFactor" : "access.needs", { what, scope })}{" "}
      {waits && <Link to="/account">{t("app.enrol")}</Link>}
    </p>
  );
}
