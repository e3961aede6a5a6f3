import { useTranslation } from "react-i18next";
import type { Me } from "visionflow-client";

import { useSession } from "../auth/session";
import { roleText } from "../i18n/texts";

/** The caller's name, roles, and what these allow. */
export function WhoPanel({ me }: { me: Me }) {
  const { t } = useTranslation();
  const session = useSession();
  return (
    <section className="card panel" aria-labelledby="who-title" data-testid="who">
      <div className="panel-heading">
        <h2 id="who-title">{t("account.who")}</h2>
        {session && (
          <button
            type="button"
            className="button small"
            onClick={() => void session.signOut()}
            data-testid="account-sign-out"
          >
            {t("app.signOut")}
          </button>
        )}
      </div>
      <dl className="facts">
        <dt>{t("account.name")}</dt>
        <dd>{me.name}</dd>
        <dt>{t("account.id")}</dt>
        <dd>
          <code>{me.id}</code>
        </dd>
        {me.roles.length > 0 && (
          <>
            <dt>{t("account.roles")}</dt>
            <dd className="row">
              {me.roles.map((role) => {
                const isWaiting = me.waiting_roles.includes(role);
                return (
                  <span key={role} className={`chip ${isWaiting ? "unsure" : "accent"}`}>
                    {roleText(t, role)}
                    {isWaiting && ` · ${t("account.waits")}`}
                  </span>
                );
              })}
            </dd>
          </>
        )}
        <dt>{t("account.may")}</dt>
        <dd>
          <ul className="plain-list">
            {me.scopes.map((scope) => (
              <li key={scope}>
                {t(`access.scopes.${scope}`)} <code>{scope}</code>
              </li>
            ))}
          </ul>
        </dd>
      </dl>
    </section>
  );
}
