import { useTranslation } from "react-i18next";
import type { ModelItem } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { dateTime, orDash, percent, whole } from "../../i18n/format";
import css from "./ModelDetailPanel.module.css";

/** What the control plane itself measured of a version, or why it measured nothing. */
export function Sealed({ item: { verified } }: { item: ModelItem }) {
  const { t } = useTranslation();
  const language = useLanguage();
  return (
    <div className={css.part} data-testid="sealed">
      <h3 id="sealed-title">
        {t("models.verified")}{" "}
        {!verified && <span className="chip unsure">{t("models.notVerified")}</span>}
      </h3>
      <p className="muted small">
        {t(verified ? "models.verifiedText" : "models.notVerifiedText")}
      </p>
      {verified && (
        <dl className="facts">
          <dt>{t("models.sealedTop1")}</dt>
          <dd>
            {t("models.sealedInterval", {
              top1: percent(verified.top1, language),
              low: orDash(verified.interval[0], percent, language),
              high: orDash(verified.interval[1], percent, language),
            })}
          </dd>
          <dt>{t("models.sealedImages")}</dt>
          <dd>{whole(verified.images, language)}</dd>
          {verified.agreement !== null && (
            <>
              <dt>{t("models.sealedAgreement")}</dt>
              <dd>{percent(verified.agreement, language)}</dd>
            </>
          )}
          <dt>{t("models.sealedAt")}</dt>
          <dd>{dateTime(verified.at, language)}</dd>
        </dl>
      )}
    </div>
  );
}
