import { useTranslation } from "react-i18next";

import type { Me } from "../api/access";
import { roleText } from "../i18n/texts";

/** The caller's name, roles, and what these allow. */
export function WhoPanel({ me }: { me: Me }) {
  const { t } = useTranslation();
  return (
    <section className="card panel" aria-labelledby="who-title" data-testid="who">
      <h2 id="who-title">{t("account.who")}</h2>
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
