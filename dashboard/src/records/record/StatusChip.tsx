import { useTranslation } from "react-i18next";

import type { PredictionStatus } from "../../api/types";
import css from "./StatusChip.module.css";

const TONES: Record<PredictionStatus, string> = { ok: "good", unknown: "unsure", failed: "bad" };

export function StatusChip({ status }: { status: PredictionStatus }) {
  const { t } = useTranslation();
  return <span className={`chip ${TONES[status]} ${css.chip}`}>{t(`status.${status}`)}</span>;
}
