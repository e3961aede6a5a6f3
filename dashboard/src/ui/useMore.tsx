import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";

import { useLanguage } from "../i18n";
import { whole } from "../i18n/format";

/** The first `step` of a long list, and a button for as many more; `null` where all are shown. */
export function useMore<Item>(items: readonly Item[], step: number): [Item[], ReactNode] {
  const { t } = useTranslation();
  const language = useLanguage();
  const [steps, setSteps] = useState(1);
  const shown = items.slice(0, steps * step);
  const rest = items.length - shown.length;
  const button = rest > 0 && (
    <button
      type="button"
      className="button small more"
      onClick={() => {
        setSteps(steps + 1);
      }}
      data-testid="more"
    >
      {t("app.more", { next: whole(Math.min(step, rest), language), rest: whole(rest, language) })}
    </button>
  );
  return [shown, button || null];
}
