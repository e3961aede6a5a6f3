import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { percent } from "../../i18n/format";
import { Thumbnail } from "../../ui/Thumbnail";
import type { Item } from "./queue";
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
  const done = items.filter(({ state }) => state === "done" || state === "failed").length;
  return (
    <section className={`card panel ${css.card}`} aria-label={t("predict.queue")}>
      <div className="panel-heading">
        <h2>{t("predict.queue")}</h2>
        <div className="row">
          <p className="muted small numeric" role="status" data-testid="queue-count">
            {t("predict.queueDone", { done, total: items.length })}
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
              aria-label={t("predict.openQueueItem", { name: item.file.name })}
              onClick={() => {
                onSelect(item.id);
              }}
              data-testid="queue-item"
              data-state={item.state}
            >
              <Thumbnail className={css.image} url={item.url} />
              <State item={item} />
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
