import { useTranslation } from "react-i18next";
import type { PredictionDetail } from "visionflow-client";

import { TopK } from "../../charts/TopK";
import { useLanguage } from "../../i18n";
import { date, dateTime, fileSize, percent } from "../../i18n/format";
import { LabelPath } from "../../ui/LabelPath";
import { FailureText } from "../../ui/notice/FailureText";
import { ServerText } from "../../ui/notice/ServerText";
import { AddToDataset } from "../dataset/AddToDataset";
import { FeedbackForm } from "../feedback/FeedbackForm";
import { FeedbackMark } from "../feedback/FeedbackMark";
import { DeleteRecord } from "../owner/DeleteRecord";
import { OwnerName } from "../owner/OwnerName";
import { Snippet } from "../snippet/Snippet";
import { Familiarity } from "./Familiarity";
import { FileName } from "./FileName";
import { DeviceAnswer, OriginFacts } from "../origin/Origin";
import { deviceOf, hasImage } from "../origin/origin";
import { isParent } from "./parent";
import { RecordImage } from "./RecordImage";
import css from "./RecordView.module.css";
import { StatusChip } from "./StatusChip";
import { Timings } from "./Timings";
import { WhyParent } from "./WhyParent";
import { WhyUnknown } from "./WhyUnknown";

interface RecordViewProps {
  record: PredictionDetail;
  onDeleted: () => void;
}

export function RecordView({ record, onDeleted }: RecordViewProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { status, label, confidence, model, image, error } = record;
  const measures = [
    image.width !== null && image.height !== null
      ? t("record.pixels", { width: image.width, height: image.height })
      : null,
    image.bytes !== null ? fileSize(image.bytes, language) : null,
  ].filter((measure) => measure !== null);

  return (
    <>
      <RecordImage record={record} />
      <div>
        <StatusChip record={record} />
        {status === "ok" && <LabelPath above={record.parents} />}
        <p className={css.headline}>
          <span data-testid="record-answer">
            {status === "ok" && label !== null ? label : t(`status.${status}`)}
            <FeedbackMark record={record} />
          </span>
          {status === "ok" && confidence !== null && (
            <span className={css.confidence}>{percent(confidence, language)}</span>
          )}
        </p>
        {record.unknown_reason && <WhyUnknown record={record} />}
        <WhyParent record={record} />
        {error && (
          <p className="muted">
            <FailureText failure={error} />
          </p>
        )}
      </div>
      <DeviceAnswer record={record} />
      {status !== "failed" && <FeedbackForm record={record} />}
      {status !== "failed" && record.image_url !== null && <AddToDataset records={[record]} />}
      {record.top_k.length > 0 && (
        <TopK scores={record.top_k} unsure={status === "unknown" || isParent(record)} />
      )}
      <dl className="facts">
        <dt>{t("record.filename")}</dt>
        <dd>
          <FileName name={record.filename} />
        </dd>
        <dt>{t(deviceOf(record) === null ? "record.time" : "origin.sentAt")}</dt>
        <dd>{dateTime(record.created_at, language)}</dd>
        <OriginFacts record={record} />
        <dt>{t("record.owner")}</dt>
        <dd data-testid="record-owner">
          <OwnerName owner={record.owner} />
        </dd>
        <dt>{t("record.source")}</dt>
        <dd>{t(`source.${record.source}`)}</dd>
        <dt>{t("record.model")}</dt>
        <dd>{model ? `${model.name} ${model.version}` : "–"}</dd>
        <Familiarity record={record} />
        <dt>{t("record.size")}</dt>
        <dd>{measures.length > 0 ? measures.join(", ") : "–"}</dd>
        {image.key !== null && (
          <>
            <dt>{t("record.object")}</dt>
            <dd>
              <code>{image.key}</code>
            </dd>
          </>
        )}
        {error && (
          <>
            <dt>{t("record.error")}</dt>
            <dd>
              <code>{error.code}</code> <ServerText text={error.message} />
            </dd>
          </>
        )}
        <dt>{t("record.timings")}</dt>
        <dd>
          <Timings timings={record.timings} />
        </dd>
        <dt>{t("record.expires")}</dt>
        <dd>{date(record.expires_at, language)}</dd>
        <dt>{t("record.id")}</dt>
        <dd>
          <code data-testid="record-id">{record.id}</code>
        </dd>
      </dl>
      {hasImage(record) && <Snippet key={`snippet ${record.id}`} record={record} />}
      <DeleteRecord record={record} onDeleted={onDeleted} />
    </>
  );
}
