import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useLanguage } from "../../i18n";
import { moment, percent } from "../../i18n/format";
import type { OutboxItem } from "../../outbox/useOutbox";
import { ImageIcon } from "../../ui/icons";
import { FailureText } from "../../ui/notice/FailureText";
import css from "./MadeList.module.css";

const TONES = { waiting: "unsure", sent: "good", refused: "bad" } as const;

interface MadeItemProps {
  item: OutboxItem;
  onDiscard: (deviceId: string) => Promise<void>;
  onRetry: (deviceId: string) => Promise<void>;
}

/** One record of this device, with its place on the way to the cloud. */
export function MadeItem({ item, onDiscard, onRetry }: MadeItemProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { answer, state, error, id, feedback } = item;
  const label = answer.status === "ok" ? answer.label : t("status.unknown");
  const time = moment(Date.parse(item.madeAt), language);
  const named = (action: string) => `${action}: ${label}, ${time}`;
  return (
    <li className={css.item} data-testid="device-made-item" data-state={state}>
      {item.thumbnail ? <BlobImage blob={item.thumbnail} /> : <ImageIcon className={css.none} />}
      <div className={css.text}>
        <span className={css.label}>{label}</span>
        <span className="muted small numeric">
          {percent(answer.confidence, language)} · {time}
        </span>
        <span className={css.facts}>
          <span className={`chip ${TONES[state]}`}>{t(`device.made.states.${state}`)}</span>
          <span className="muted small">
            {t(item.hasImage ? "device.made.withImage" : "device.made.answerOnly")}
          </span>
          {feedback && (
            <span className="muted small">→ {feedback.label ?? t("feedback.none")}</span>
          )}
        </span>
        {error && (
          <span className="small error-text">
            <FailureText failure={error} />
          </span>
        )}
        <span className={css.facts}>
          {id !== null && (
            <Link
              className="small"
              to={`/history?record=${encodeURIComponent(id)}`}
              aria-label={named(t("device.made.open"))}
            >
              {t("device.made.open")}
            </Link>
          )}
          {state === "refused" && (
            <button
              type="button"
              className="button small"
              aria-label={named(t("app.retry"))}
              onClick={() => void onRetry(item.deviceId)}
              data-testid="device-retry"
            >
              {t("app.retry")}
            </button>
          )}
          {state !== "sent" && (
            <button
              type="button"
              className="button small"
              aria-label={named(t("device.made.discard"))}
              onClick={() => void onDiscard(item.deviceId)}
              data-testid="device-discard"
            >
              {t("device.made.discard")}
            </button>
          )}
        </span>
      </div>
    </li>
  );
}

/** The image of a blob, which has an address only while it is shown. */
function BlobImage({ blob }: { blob: Blob }) {
  const show = useCallback(
    (image: HTMLImageElement | null) => {
      if (image === null) return;
      const url = URL.createObjectURL(blob);
      image.src = url;
      return () => {
        URL.revokeObjectURL(url);
      };
    },
    [blob],
  );
  return <img ref={show} className={css.image} alt="" />;
}
