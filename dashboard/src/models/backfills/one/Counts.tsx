import { useTranslation } from "react-i18next";
import type { Backfill } from "visionflow-client";

import { useLanguage } from "../../../i18n";
import { codeText } from "../../../i18n/backfills/texts";
import { whole } from "../../../i18n/format";
import css from "./BackfillPanel.module.css";

/** How many images have which result, and why some failed. */
export function Counts({ progress }: Pick<Backfill, "progress">) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { ok, unknown, failed, skipped, left, not_images: notImages } = progress;
  const counts = { ok, unknown, failed, skipped, left, notImages };
  const codes = Object.entries(progress.failed_codes).sort(([, one], [, other]) => other - one);
  return (
    <section aria-labelledby="counts-title">
      <h3 id="counts-title">{t("backfills.counts")}</h3>
      <dl className={css.counts} data-testid="backfill-counts">
        {(Object.keys(counts) as (keyof typeof counts)[]).map((name) => (
          <div key={name}>
            <dt className="muted small">{t(`backfills.count.${name}`)}</dt>
            <dd className="numeric">{whole(counts[name], language)}</dd>
          </div>
        ))}
      </dl>
      {codes.length > 0 && (
        <>
          <p className="small muted">{t("backfills.failedBecause")}</p>
          <ul className="plain-list small" data-testid="failed-codes">
            {codes.map(([code, count]) => (
              <li key={code}>
                <strong className="numeric">{whole(count, language)}</strong>{" "}
                {codeText(t, language, code)}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
