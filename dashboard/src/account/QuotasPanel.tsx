import { useTranslation } from "react-i18next";
import type { QuotaLeft } from "visionflow-client";

import { useLanguage } from "../i18n";
import { quotaAmount, quotaText } from "../i18n/texts";
import css from "./QuotasPanel.module.css";

/** Above this share of a limit its bar warns. */
const SCARCE = 0.9;

/** What is left of each limit. */
export function QuotasPanel({ quotas }: { quotas: readonly QuotaLeft[] }) {
  const { t } = useTranslation();
  return (
    <section className="card panel" aria-labelledby="quotas-title" data-testid="quotas">
      <div>
        <h2 id="quotas-title">{t("account.quotas")}</h2>
        <p className="muted small">
          {t(quotas.length > 0 ? "account.quotasText" : "account.noQuotas")}
        </p>
      </div>
      <div className={css.groups}>
        {(["caller", "stage"] as const).map((of) => {
          const own = quotas.filter((quota) => quota.of === of);
          if (own.length === 0) return null;
          return (
            <div key={of} className={css.group}>
              <h3>{t(`account.of.${of}`)}</h3>
              <ul className={css.bars}>
                {own.map((quota) => (
                  <Quota key={`${quota.quota} ${quota.per}`} quota={quota} />
                ))}
              </ul>
            </div>
          );
        })}
      </div>
    </section>
  );
}

function Quota({ quota: { quota, per, limit, used } }: { quota: QuotaLeft }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const name = t(`account.quotaPer.${per}`, { quota: quotaText(t, quota) });
  const left = Math.max(limit - used, 0);
  const text = t("account.left", {
    left: quotaAmount(quota, left, language),
    limit: quotaAmount(quota, limit, language),
  });
  return (
    <li className={css.quota}>
      <span>{name}</span>
      <span className="muted numeric">{text}</span>
      <meter
        className={css.meter}
        aria-label={name}
        min={0}
        max={Math.max(limit, 1e-9)}
        high={limit * SCARCE}
        optimum={0}
        value={used}
      >
        {text}
      </meter>
    </li>
  );
}
