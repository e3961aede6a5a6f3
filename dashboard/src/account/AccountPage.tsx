import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { meQuery } from "../access/useMe";
import { useApi } from "../api/ApiContext";
import { useSession } from "../auth/session";
import { Missing } from "../ui/notice/Missing";
import { PageSkeleton } from "../ui/notice/PageSkeleton";
import { QuotasPanel } from "./QuotasPanel";
import { SecondFactorPanel } from "./SecondFactorPanel";
import { WhoPanel } from "./WhoPanel";

const SETTLING_MS = 3_000;

export default function AccountPage() {
  const { t } = useTranslation();
  const api = useApi();
  const session = useSession();
  // Quotas move; and the API takes some seconds to see a second factor that was just set up.
  const [isSettling, setSettling] = useState(false);
  const me = useQuery({
    ...meQuery(api),
    staleTime: 0,
    refetchInterval: ({ state }) =>
      isSettling && (state.data?.waiting_roles.length ?? 0) > 0 ? SETTLING_MS : false,
  });
  return (
    <>
      <title>{`${t("account.title")} · VisionFlow`}</title>
      <div className="page-heading">
        <div>
          <h1>{t("account.title")}</h1>
          <p className="muted">{t("account.intro")}</p>
        </div>
      </div>
      {me.data ? (
        <div className="stack">
          <WhoPanel me={me.data} />
          <QuotasPanel quotas={me.data.quotas} />
          {session && (
            <SecondFactorPanel
              me={me.data}
              session={session}
              onChange={() => {
                setSettling(true);
                void me.refetch();
              }}
            />
          )}
        </div>
      ) : me.error ? (
        <Missing error={me.error} route="GET /me" onRetry={() => void me.refetch()} />
      ) : (
        <PageSkeleton />
      )}
    </>
  );
}
