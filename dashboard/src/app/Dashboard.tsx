import { useMemo } from "react";

import { ApiContext } from "../api/ApiContext";
import { createApi } from "../api/client";
import { useSession } from "../auth/session";
import type { Config } from "../config/config";
import { AppRoutes } from "./AppRoutes";

interface DashboardProps {
  config: Config;
  onUnauthorized?: () => void;
}

/** Everything that needs the API. */
export function Dashboard({ config, onUnauthorized }: DashboardProps) {
  const session = useSession();
  const api = useMemo(
    () =>
      createApi({
        apiUrl: config.apiUrl,
        ...(session && { token: session.token }),
        ...(onUnauthorized && { onUnauthorized }),
      }),
    [config.apiUrl, session, onUnauthorized],
  );
  return (
    <ApiContext value={api}>
      <AppRoutes stage={config.stage} />
    </ApiContext>
  );
}
