import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import type { Workbench } from "./workbench";

/** Stands for what is not known before all facts have been read; nothing where reading failed. */
export function Reading({ bench }: { bench: Workbench }) {
  const { t } = useTranslation();
  const language = useLanguage();
  if (bench.error) return null;
  return (
    <p className="muted" role="status" data-testid="reading">
      {t("data.reading", { n: whole(bench.table.size, language) })}
    </p>
  );
}
