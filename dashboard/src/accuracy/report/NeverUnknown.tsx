import { useTranslation } from "react-i18next";

import { WarningIcon } from "../../ui/icons";
import css from "../../ui/notice/Warning.module.css";
import type { Holding } from "./holding";

/** Where the threshold of a version holds no answer back. */
export function NeverUnknown({ holding }: { holding: Holding }) {
  const { t } = useTranslation();
  if (!holding.neverUnsure) return null;
  return (
    <p className={css.warning} data-testid="never-unknown">
      <WarningIcon className={css.icon} />
      {t(holding.neverUnfamiliar ? "accuracy.neverUnknown" : "accuracy.neverUnsure")}
    </p>
  );
}
