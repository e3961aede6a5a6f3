import { useEffect, useEffectEvent, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { useLanguage } from "../../i18n";
import { decimal } from "../../i18n/format";
import { Bars } from "../answer/Bars";
import { Headline } from "../answer/Headline";
import { sentence } from "../answer/sentence";
import type { Feed } from "./feed";
import css from "./LiveAnswer.module.css";
import { Speech } from "./speech";

/** What the camera sees now: bars that move while things are held up. */
export function LiveAnswer({ feed }: { feed: Feed }) {
  const { t } = useTranslation();
  const { answer, rows } = useSyncExternalStore(feed.subscribe, feed.read);
  return (
    <div className={css.live} data-testid="device-live-answer">
      <h2 className="visually-hidden">{t("device.live")}</h2>
      {answer === null ? (
        <p className="muted">{t("device.liveWaiting")}</p>
      ) : (
        <>
          <Headline answer={answer} />
          <Bars scores={rows} unsure={answer.status === "unknown"} />
        </>
      )}
      <PerSecond feed={feed} />
      <Spoken feed={feed} />
    </div>
  );
}

const RATE_EVERY_MS = 1_000;

/** Changes once a second: a number that flickers is not read. */
function PerSecond({ feed }: { feed: Feed }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [rate, setRate] = useState<number | null>(null);
  useEffect(() => {
    const timer = setInterval(() => {
      setRate(feed.read().rate);
    }, RATE_EVERY_MS);
    return () => {
      clearInterval(timer);
    };
  }, [feed]);
  return (
    <p className="muted small numeric" data-testid="device-rate" data-rate={rate ?? ""}>
      {rate === null ? t("device.rateNone") : t("device.rate", { n: decimal(rate, language) })}
    </p>
  );
}

/** The same for screen readers, at a rate at which it can be said. */
function Spoken({ feed }: { feed: Feed }) {
  const { t } = useTranslation();
  const [speech] = useState(() => new Speech());
  const [said, setSaid] = useState("");
  const hear = useEffectEvent(() => {
    const { answer } = feed.read();
    const next = answer && speech.hear(sentence(t, answer), performance.now());
    if (next !== null) setSaid(next);
  });
  useEffect(() => feed.subscribe(hear), [feed]);
  return (
    <p className="visually-hidden" aria-live="polite" data-testid="device-spoken">
      {said}
    </p>
  );
}
