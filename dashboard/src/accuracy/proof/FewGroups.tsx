import { useTranslation } from "react-i18next";
import type { Evaluation } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { WarningIcon } from "../../ui/icons";
import css from "../../ui/notice/Warning.module.css";

/** A warning where the scores rest on too few independent groups of images. */
export function FewGroups({ evaluation: { groups, few_groups: few } }: { evaluation: Evaluation }) {
  const { t } = useTranslation();
  const language = useLanguage();
  if (!few || groups === undefined) return null;
  return (
    <p className={css.warning} data-testid="few-groups">
      <WarningIcon className={css.icon} />
      {t("accuracy.fewGroups", { groups: whole(groups, language) })}
    </p>
  );
}
