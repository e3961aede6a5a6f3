import { useTranslation } from "react-i18next";
import type { LogEntry } from "visionflow-client";

import { PhoneIcon } from "../../ui/icons";
import { deviceOf } from "./origin";
import css from "./Origin.module.css";

/** Beside an answer: that a device made the record. Nothing for the cloud. */
export function OriginMark({ record }: { record: Pick<LogEntry, "origin"> }) {
  const { t } = useTranslation();
  const device = deviceOf(record);
  if (device === null) return null;
  const name = t(`origin.${device}`);
  return (
    <span className={css.mark} title={name} data-testid="origin-mark" data-origin={device}>
      <PhoneIcon className={css.icon} />
      <span className="visually-hidden"> {name}</span>
    </span>
  );
}
