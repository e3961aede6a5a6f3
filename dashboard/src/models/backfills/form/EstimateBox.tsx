import { useTranslation } from "react-i18next";
import type { BackfillStart } from "visionflow-client";

import { useLanguage } from "../../../i18n";
import { priceText } from "../../../i18n/backfills/texts";
import { duration, fileSize, money, whole } from "../../../i18n/format";
import { Versions } from "../list/Versions";
import css from "./EstimateBox.module.css";

interface EstimateBoxProps {
  start: BackfillStart;
  budget: number | null;
}

/** Images, price and time beforehand, and where they come from. */
export function EstimateBox({ start: { estimate, models }, budget }: EstimateBoxProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const least = (text: string) => (estimate.exact ? text : t("backfills.atLeast", { n: text }));
  const usd = (amount: number) => money(amount, "USD", language);
  const items = Object.entries(estimate.items).sort(([, one], [, other]) => other - one);
  return (
    <div className={css.box} role="status" data-testid="backfill-estimate">
      <h3>{t("backfills.estimateTitle")}</h3>
      <dl className="facts">
        <dt>{t("backfills.images")}</dt>
        <dd>{least(whole(estimate.images, language))}</dd>
        <dt>{t("backfills.volume")}</dt>
        <dd>{least(fileSize(estimate.bytes, language))}</dd>
        <dt>{t("backfills.price")}</dt>
        <dd>
          <strong>{least(usd(estimate.usd))}</strong>
        </dd>
        <dt>{t("backfills.time")}</dt>
        <dd>
          <strong>{least(duration(estimate.seconds, language))}</strong>
        </dd>
        <dt>{t("backfills.versions")}</dt>
        <dd>
          <Versions models={models} />
        </dd>
      </dl>
      <p className="small">
        {t(`backfills.basis.${estimate.basis}`)}
        {!estimate.exact && ` ${t("backfills.notExact")}`}
      </p>
      {budget !== null && budget < estimate.usd && (
        <p className="small error-text" data-testid="over-budget">
          {t("backfills.overBudget")}
        </p>
      )}
      <details>
        <summary className="small">{t("backfills.byItem")}</summary>
        <dl className="facts" data-testid="estimate-items">
          {items.map(([item, amount]) => (
            <Item key={item} name={priceText(t, item)} amount={usd(amount)} />
          ))}
        </dl>
      </details>
    </div>
  );
}

function Item({ name, amount }: { name: string; amount: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{amount}</dd>
    </>
  );
}
