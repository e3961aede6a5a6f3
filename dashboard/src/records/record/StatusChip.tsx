import { useTranslation } from "react-i18next";
import type { PredictionStatus, UnknownReason } from "visionflow-client";

import css from "./StatusChip.module.css";

const TONES: Record<PredictionStatus, string> = { ok: "good", unknown: "unsure", failed: "bad" };

interface StatusChipProps {
  record: {
    status: PredictionStatus;
    /** Records of earlier versions have none. */
    unknown_reason: UnknownReason | null;
  };
}

/** The status; of an unknown one, the reason. */
export function StatusChip({ record: { status, unknown_reason: reason } }: StatusChipProps) {
  const { t } = useTranslation();
  return (
    <span className={`chip ${TONES[status]} ${css.chip}`} data-testid="status">
      {reason ? (
        <>
          <span className="visually-hidden">{t("status.unknown")}: </span>
          {t(`reason.${reason}`)}
        </>
      ) : (
        t(`status.${status}`)
      )}
    </span>
  );
}
