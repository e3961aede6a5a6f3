import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useReach } from "../access/useReach";
import { useSession } from "../auth/session";
import { useWaiting } from "../outbox/useWaiting";
import { Banner } from "../ui/notice/Banner";

/** That the cloud cannot be used for now; what works all the same, and what waits. */
export function ReachBanner() {
  const { t } = useTranslation();
  const reach = useReach();
  const waiting = useWaiting();
  const signInAgain = useSession()?.signInAgain ?? null;
  const again = useMutation({ mutationFn: async () => signInAgain?.() });
  if (reach === "reached" && signInAgain === null) return null;
  const isSignedOut = signInAgain !== null && reach !== "offline";
  const from = reach === "offline" ? "offline" : "unreachable";
  return (
    <Banner tone="bad" testId={isSignedOut ? "signed-out" : "not-reached"}>
      <strong>{isSignedOut ? t("outbox.signedOut") : t(`reach.${from}`)}</strong>
      <span>{isSignedOut ? t("outbox.signedOutText") : t(`reach.${from}Text`)}</span>
      <span>
        {t("outbox.works")} <Link to="/device">{t("outbox.openDevice")}</Link>
      </span>
      {waiting > 0 && (
        <span data-testid="outbox-waiting">{t("outbox.waiting", { n: waiting })}</span>
      )}
      {isSignedOut && (
        <button
          type="button"
          className="button small"
          disabled={again.isPending}
          onClick={() => {
            again.mutate();
          }}
          data-testid="sign-in-again"
        >
          {t("outbox.signIn")}
        </button>
      )}
    </Banner>
  );
}
