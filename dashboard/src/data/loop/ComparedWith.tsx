import { useTranslation } from "react-i18next";
import type { RunResult } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { decimal, percent, whole } from "../../i18n/format";

type Compared = NonNullable<RunResult["compared"]>;

/** By the interval of the difference: chance may explain one that includes none. */
export function verdictOf({ difference_low: low, difference_high: high }: Compared) {
  return low > 0 ? "better" : high < 0 ? "worse" : "alike";
}

/** What the training gains over the earlier model, on the same test images. */
export function ComparedWith({ compared }: Pick<RunResult, "compared">) {
  const { t } = useTranslation();
  const language = useLanguage();
  if (compared === null) return null;
  const points = (share: number) => decimal(share * 100, language, 1);
  const { difference_low: low, difference_high: high } = compared;
  const verdict = verdictOf(compared);
  return (
    <div>
      <p data-testid="compared" data-verdict={verdict}>
        {t("data.loop.compared", {
          after: percent(compared.after, language),
          before: percent(compared.before, language),
          name: compared.model,
          version: compared.version,
          images: whole(compared.images, language),
        })}{" "}
        {t("data.loop.difference", { low: points(low), high: points(high) })}{" "}
        {t(`data.loop.${verdict}`)}
      </p>
      <p className="muted small">{t("data.loop.comparedText")}</p>
    </div>
  );
}
