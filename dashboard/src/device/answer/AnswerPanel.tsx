import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { milliseconds } from "../../i18n/format";
import type { Engine } from "../../ondevice/engine";
import { WhyParent } from "../../records/record/WhyParent";
import { WhyUnknown } from "../../records/record/WhyUnknown";
import { Problem } from "../../ui/notice/Problem";
import type { Kept } from "../send/useKeep";
import css from "./AnswerPanel.module.css";
import { Bars } from "./Bars";
import { DeviceFeedback } from "./DeviceFeedback";
import { Headline } from "./Headline";

interface AnswerPanelProps extends Kept {
  engine: Engine;
}

/** The answer of a frozen frame or a still. */
export function AnswerPanel({ answer, engine, deviceId, problem }: AnswerPanelProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { status, label, confidence, topK, unknownReason, milliseconds: took } = answer;
  const isUnknown = status === "unknown";
  return (
    <div className={css.answer} data-testid="device-result">
      <h2 className="visually-hidden">{t("device.answer")}</h2>
      <Headline answer={answer} />
      <WhyParent record={{ status, label, top_k: topK }} />
      {isUnknown && <WhyUnknown record={{ unknown_reason: unknownReason, label, confidence }} />}
      {deviceId !== null && (
        <DeviceFeedback key={deviceId} answer={answer} engine={engine} deviceId={deviceId} />
      )}
      {problem && <Problem error={problem} />}
      <Bars scores={topK} unsure={isUnknown} />
      <p className="muted small" data-testid="device-took">
        {t("device.took", {
          ms: milliseconds(took.decode + took.prepare + took.infer, language),
        })}
        {answer.explanation === null && <> {t("device.heatNone")}</>}
      </p>
    </div>
  );
}
