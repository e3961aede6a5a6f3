import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { useOutbox } from "../../outbox/useOutbox";
import { Problem } from "../../ui/notice/Problem";
import { useMore } from "../../ui/useMore";
import { MadeItem } from "./MadeItem";
import css from "./MadeList.module.css";

const MOST_SHOWN = 24;

/** What this device has answered and kept: what waits, and what the cloud has. */
export function MadeList() {
  const { t } = useTranslation();
  const language = useLanguage();
  const { items, waiting, state, problem, send, discard, retry } = useOutbox();
  const newest = [...items].sort((a, b) => b.madeAt.localeCompare(a.madeAt));
  const [shown, more] = useMore(newest, MOST_SHOWN);
  const count = (wanted: string) =>
    whole(items.filter((item) => item.state === wanted).length, language);
  return (
    <section className="card panel" aria-labelledby="made-title" data-testid="device-made">
      <div className="panel-heading">
        <h2 id="made-title">{t("device.made.title")}</h2>
        {waiting > 0 && (state === "idle" || state === "stopped") && (
          <button
            type="button"
            className="button small"
            onClick={() => void send()}
            data-testid="device-send-now"
          >
            {t("device.made.send")}
          </button>
        )}
      </div>
      {items.length === 0 ? (
        <p className="muted">{t("device.made.empty")}</p>
      ) : (
        <>
          <p className="small numeric" role="status" data-testid="device-made-counts">
            {state === "offline"
              ? t("device.made.offline", { n: whole(waiting, language) })
              : t("device.made.counts", {
                  waiting: count("waiting"),
                  sent: count("sent"),
                  refused: count("refused"),
                })}{" "}
            {state === "sending" && t("device.made.sending")}
            {state === "stopped" && t("device.made.stopped")}
          </p>
          {problem && state !== "offline" && <Problem error={problem} />}
          <ul className={css.list}>
            {shown.map((item) => (
              <MadeItem key={item.deviceId} item={item} onDiscard={discard} onRetry={retry} />
            ))}
          </ul>
          {more}
        </>
      )}
    </section>
  );
}
