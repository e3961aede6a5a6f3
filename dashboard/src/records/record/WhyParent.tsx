import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { percent } from "../../i18n/format";
import { isParent, type Named } from "./parent";

/** Why the answer is a parent of labels, with the best guess among these; else nothing. */
export function WhyParent({ record }: { record: Named }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [best] = record.top_k;
  if (best === undefined || !isParent(record)) return null;
  return (
    <p className="muted" data-testid="why-parent">
      {t("record.parent", { label: best.label, confidence: percent(best.confidence, language) })}
    </p>
  );
}
