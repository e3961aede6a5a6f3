import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { createClient } from "visionflow-client";

import { noteBudget } from "../access/useBudgetStop";
import { noteReach } from "../access/useReach";
import { ApiContext } from "../api/ApiContext";
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
  const queries = useQueryClient();
  const api = useMemo(
    () =>
      createClient({
        url: config.apiUrl,
        retries: 0, // a failure shows at once
        onBudget: (stop) => {
          noteBudget(queries, stop);
        },
        onReach: (isReached) => {
          noteReach(queries, isReached);
        },
        ...(session && { token: session.token }),
        ...(onUnauthorized && { onUnauthorized }),
      }),
    [config.apiUrl, queries, session, onUnauthorized],
  );
  return (
    <ApiContext value={api}>
      <AppRoutes stage={config.stage} />
    </ApiContext>
  );
}
