import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { percent } from "../../i18n/format";
import type { EngineAnswer } from "../../ondevice/engine";
import { StatusChip } from "../../records/record/StatusChip";
import { LabelPath } from "../../ui/LabelPath";
import css from "./Headline.module.css";

/** What the model says: the label and where it belongs, or that the image is unknown, and why. */
export function Headline({ answer }: { answer: EngineAnswer }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { status, label, confidence, parents, unknownReason } = answer;
  const isNamed = status === "ok";
  return (
    <div className={css.headline} data-testid="device-answer" data-status={status}>
      <span className={css.above}>
        <StatusChip record={{ status, unknown_reason: unknownReason }} />
        <LabelPath above={parents} />
      </span>
      <p className={css.label}>
        <span data-testid="device-label">{isNamed ? label : t("status.unknown")}</span>
        {isNamed && <span className={css.confidence}>{percent(confidence, language)}</span>}
      </p>
    </div>
  );
}
