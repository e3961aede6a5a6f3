import { useTranslation } from "react-i18next";
import type { LogEntry } from "visionflow-client";

import { useLanguage } from "../../i18n";
import { dateTime, percent } from "../../i18n/format";
import css from "./Origin.module.css";
import { agrees, deviceOf, hasImage } from "./origin";

/** Where a record was made and when it was sent; nothing for one of the cloud. */
export function OriginFacts({ record }: { record: LogEntry }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const device = deviceOf(record);
  if (device === null) return null;
  return (
    <>
      <dt>{t("origin.title")}</dt>
      <dd data-testid="record-origin">{t(`origin.${device}`)}</dd>
      {record.made_at !== null && (
        <>
          <dt>{t("origin.madeAt")}</dt>
          <dd data-testid="record-made-at">{dateTime(record.made_at, language)}</dd>
        </>
      )}
    </>
  );
}

/** What the device said beside what the cloud says; or that the device's answer is all there is. */
export function DeviceAnswer({ record }: { record: LogEntry }) {
  const { t } = useTranslation();
  const { device } = record;
  if (deviceOf(record) === null) return null;
  if (device === null) {
    return hasImage(record) ? null : (
      <p className="muted small" data-testid="device-only">
        {t("origin.deviceOnly")}
      </p>
    );
  }
  const isSame = agrees(record);
  const tone = isSame === null ? "" : isSame ? "good" : "unsure";
  const says = isSame === null ? "notCompared" : isSame ? "agree" : "differ";
  const best = record.top_k[0];
  const { name, version } = device.model;
  return (
    <section className={css.answers} data-testid="device-answer" data-agrees={isSame}>
      <div className={css.heading}>
        <h3>{t("origin.answers")}</h3>
        <span className={`chip ${tone}`}>{t(`origin.${says}`)}</span>
      </div>
      <dl className={css.pair}>
        <Answer
          name={t("origin.onDevice", { version: `${name} ${version}` })}
          label={device.best}
          confidence={device.best_confidence}
          reason={device.unknown_reason}
        />
        <Answer
          name={t("origin.inCloud", {
            version: record.model ? `${record.model.name} ${record.model.version}` : "–",
          })}
          label={best?.label ?? null}
          confidence={best?.confidence ?? null}
          reason={record.unknown_reason}
        />
      </dl>
    </section>
  );
}

interface AnswerProps {
  name: string;
  label: string | null;
  confidence: number | null;
  reason: LogEntry["unknown_reason"];
}

function Answer({ name, label, confidence, reason }: AnswerProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong>{label ?? "–"}</strong>
        {confidence !== null && ` ${percent(confidence, language)}`}
        {reason !== null && <span className="muted"> ({t(`reason.${reason}`)})</span>}
      </dd>
    </div>
  );
}
