import { useMemo } from "react";
import { HashRouter, Navigate, Route, Routes } from "react-router";

import { ApiContext } from "../api/ApiContext";
import { createApi } from "../api/client";
import { useSession } from "../auth/session";
import type { Config } from "../config";
import { HistoryPage } from "../history/HistoryPage";
import { PredictPage } from "../predict/PredictPage";
import { Shell } from "./Shell";

interface DashboardProps {
  config: Config;
  onUnauthorized?: () => void;
}

/** Everything that needs the API. Hash routes, because a bucket has no server to rewrite paths. */
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
      <HashRouter>
        <Routes>
          <Route element={<Shell stage={config.stage} />}>
            <Route index element={<PredictPage />} />
            <Route path="history" element={<HistoryPage />} />
            <Route path="*" element={<Navigate to="/" replace />} />
          </Route>
        </Routes>
      </HashRouter>
    </ApiContext>
  );
}
