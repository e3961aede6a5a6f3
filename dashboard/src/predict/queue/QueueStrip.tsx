import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { percent, whole } from "../../i18n/format";
import { FileName } from "../../records/record/FileName";
import { ItemThumbnail } from "./ItemThumbnail";
import { isFailed, isRefused, type Item, nameOf } from "./queue";
import css from "./QueueStrip.module.css";

interface QueueStripProps {
  items: readonly Item[];
  selected: Item | undefined;
  onSelect: (id: string) => void;
  onClear: () => void;
}

/** All chosen images with their states; one of them is shown large. */
export function QueueStrip({ items, selected, onSelect, onClear }: QueueStripProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const failed = items.filter(isFailed).length;
  const done =
    items.filter(({ state }) => state === "done").length - items.filter(isRefused).length;
  return (
    <section className={`card panel ${css.card}`} aria-label={t("predict.queue")}>
      <div className="panel-heading">
        <h2>{t("predict.queue")}</h2>
        <div className="row">
          <p className="muted small numeric" role="status" data-testid="queue-count">
            {t(failed > 0 ? "predict.queueFailed" : "predict.queueDone", {
              done: whole(done, language),
              failed: whole(failed, language),
              total: whole(items.length, language),
            })}
          </p>
          <button type="button" className="button small" onClick={onClear}>
            {t("predict.clearQueue")}
          </button>
        </div>
      </div>
      <ul className={css.list}>
        {items.map((item) => (
          <li key={item.id}>
            <button
              type="button"
              className={css.item}
              aria-pressed={item === selected}
              aria-label={t("predict.openQueueItem", {
                name: nameOf(item) ?? t("predict.pasted"),
              })}
              onClick={() => {
                onSelect(item.id);
              }}
              data-testid="queue-item"
              data-state={item.state}
            >
              <ItemThumbnail item={item} className={css.image} />
              <State item={item} />
              <FileName name={nameOf(item)} className={`muted ${css.name}`} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function State({ item: { state, sent, outcome } }: { item: Item }) {
  const { t } = useTranslation();
  const language = useLanguage();
  if (outcome) {
    const { status, label, confidence, unknown_reason: reason } = outcome.prediction;
    const named = status === "ok" && label !== null;
    return (
      <span className={css.text}>
        <strong>{named ? label : t(reason ? `reason.${reason}` : `status.${status}`)}</strong>
        {named && confidence !== null && (
          <span className="muted numeric">{percent(confidence, language)}</span>
        )}
      </span>
    );
  }
  if (state === "failed")
    return <span className={`error-text ${css.text}`}>{t("status.failed")}</span>;
  if (state === "waiting")
    return <span className={`muted ${css.text}`}>{t("predict.waiting")}</span>;
  return (
    <span className={`muted ${css.text}`}>
      {sent === null || sent === 1
        ? t("predict.classifying")
        : t("predict.sending", { share: percent(sent, language) })}
    </span>
  );
}
