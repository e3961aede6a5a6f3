import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { Banner } from "../ui/notice/Banner";
import { FailureText } from "../ui/notice/FailureText";
import { useOutbox } from "./useOutbox";

/** Sends what waits on this device, whichever page is open, and says why something is not sent. */
export default function OutboxBanner() {
  const { t } = useTranslation();
  const { items, waiting, state, problem, send } = useOutbox();
  const refused = items.filter((item) => item.state === "refused").length;
  const isStopped = state === "stopped" && problem !== null;
  if (!isStopped && refused === 0) return null;
  return (
    <Banner tone="unsure" testId="outbox-banner">
      {isStopped && (
        <>
          <strong>{t("outbox.waiting", { n: waiting })}</strong>
          <span>
            {t("outbox.stopped")} <FailureText failure={problem} />
          </span>
          <button
            type="button"
            className="button small"
            onClick={() => void send()}
            data-testid="outbox-send"
          >
            {t("outbox.send")}
          </button>
        </>
      )}
      {refused > 0 && <strong>{t("outbox.refused", { n: refused })}</strong>}
      <Link to="/device">{t("outbox.openDevice")}</Link>
    </Banner>
  );
}
