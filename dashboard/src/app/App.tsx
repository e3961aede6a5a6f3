import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import type { i18n } from "i18next";
import { useState } from "react";
import { I18nextProvider, useTranslation } from "react-i18next";

import { createQueryClient } from "./queryClient";
import { AuthGate } from "../auth/AuthGate";
import { useOnline } from "../access/useReach";
import { type Config, ConfigError } from "../config/config";
import { WarningIcon } from "../ui/icons";
import { Notice } from "../ui/notice/Notice";
import { Splash } from "../ui/notice/Splash";
import { CrashBoundary } from "./CrashBoundary";
import { Dashboard } from "./Dashboard";

const AGAIN_MS = 5_000;

interface AppProps {
  i18n: i18n;
  loadConfig: () => Promise<Config>;
}

export function App({ i18n, loadConfig }: AppProps) {
  const [queryClient] = useState(createQueryClient);
  return (
    <I18nextProvider i18n={i18n}>
      <CrashBoundary>
        <QueryClientProvider client={queryClient}>
          <Configured loadConfig={loadConfig} />
        </QueryClientProvider>
      </CrashBoundary>
    </I18nextProvider>
  );
}

function Configured({ loadConfig }: Pick<AppProps, "loadConfig">) {
  const { t } = useTranslation();
  const config = useQuery({
    queryKey: ["config"],
    queryFn: () => loadConfig(),
    staleTime: Infinity,
    gcTime: Infinity,
    refetchInterval: ({ state }) =>
      state.error === null || state.error instanceof ConfigError ? false : AGAIN_MS,
  });
  const isOnline = useOnline();
  if (config.isPending) return <Splash />;
  if (config.isError && !(config.error instanceof ConfigError)) {
    return (
      <main>
        <Notice
          icon={<WarningIcon />}
          title={t(isOnline ? "config.unreachableTitle" : "config.offlineTitle")}
          testId="config-unreachable"
        >
          <p>{t("config.unreachableText")}</p>
          <button type="button" className="button" onClick={() => void config.refetch()}>
            {t("app.retry")}
          </button>
        </Notice>
      </main>
    );
  }
  if (config.isError) {
    return (
      <main>
        <Notice icon={<WarningIcon />} title={t("config.failedTitle")} testId="config-problem">
          <p>{t("config.failedText", { reason: config.error.message })}</p>
          <button type="button" className="button" onClick={() => void config.refetch()}>
            {t("app.retry")}
          </button>
        </Notice>
      </main>
    );
  }
  const { auth } = config.data;
  if (auth === null) return <Dashboard config={config.data} />;
  return (
    <AuthGate auth={auth}>
      {(onUnauthorized) => <Dashboard config={config.data} onUnauthorized={onUnauthorized} />}
    </AuthGate>
  );
}
