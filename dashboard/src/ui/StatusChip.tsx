import { useTranslation } from "react-i18next";

import type { PredictionStatus } from "../api/types";
import css from "./StatusChip.module.css";

export function StatusChip({ status }: { status: PredictionStatus }) {
  const { t } = useTranslation();
  return <span className={`${css.chip} ${css[status]}`}>{t(`status.${status}`)}</span>;
}
