import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";

interface FewImagesProps {
  n: number;
  needed: number;
}

/** In place of a verdict on fewer images than it takes. */
export function FewImages({ n, needed }: FewImagesProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  return (
    <span className="chip" data-testid="few-images">
      {t("few.images", { n: whole(n, language), needed: whole(needed, language) })}
    </span>
  );
}
