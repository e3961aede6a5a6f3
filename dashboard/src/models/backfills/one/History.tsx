import { useTranslation } from "react-i18next";
import type { Backfill } from "visionflow-client";

import { useLanguage } from "../../../i18n";
import { codeText } from "../../../i18n/backfills/texts";
import { dateTime } from "../../../i18n/format";

type Event = Backfill["history"][number];

/** What a backfill does without a person asking for it. */
const ITSELF = "visionflow";

/** Who did what and when, newest first. */
export function History({ events }: { events: readonly Event[] }) {
  const { t } = useTranslation();
  const language = useLanguage();
  return (
    <section aria-labelledby="events-title">
      <h3 id="events-title">{t("backfills.history")}</h3>
      <ol className="plain-list small" data-testid="backfill-history">
        {events
          .map((event, index) => (
            <li key={index}>
              <span className="muted numeric">{dateTime(event.at, language)}</span>{" "}
              <strong>{t(`backfills.events.${eventOf(events, index)}`)}</strong>{" "}
              <span className="muted">
                {event.by === ITSELF ? t("backfills.byItself") : event.by}
              </span>
              {event.code !== null && <> · {codeText(t, language, event.code)}</>}
            </li>
          ))
          .reverse()}
      </ol>
    </section>
  );
}

/** What led from the state before to this one. */
function eventOf(events: readonly Event[], index: number) {
  const state = events[index]?.state ?? "listing";
  if (state !== "listing" && state !== "running") return state;
  const before = events[index - 1]?.state;
  if (before === undefined) return state === "listing" ? "started" : "resumed";
  if (before === "listing" || before === "running") return "listed";
  return before === "failed" ? "retried" : "resumed";
}
