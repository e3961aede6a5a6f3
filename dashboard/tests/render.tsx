import { QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { createClient } from "visionflow-client";

import { noteBudget } from "../src/access/useBudgetStop";
import { noteReach } from "../src/access/useReach";
import { ApiContext } from "../src/api/ApiContext";
import { createQueryClient } from "../src/app/queryClient";
import { AppRoutes } from "../src/app/AppRoutes";
import { type Session, SessionContext } from "../src/auth/session";
import type { Language } from "../src/i18n";
import { speaking } from "./speaking";
import type { FakeApi } from "./fakeApi";

/** The dashboard at one of its addresses, wired as in `App`, against a fake API. */
export function renderDashboard(
  fake: FakeApi,
  hash = "/",
  language: Language = "en",
  session: Session | null = null,
) {
  window.location.hash = hash;
  const queries = createQueryClient();
  const onBudget = noteBudget.bind(null, queries);
  const onReach = noteReach.bind(null, queries);
  return render(
    <I18nextProvider i18n={speaking(language)}>
      <QueryClientProvider client={queries}>
        <ApiContext
          value={createClient({ url: fake.url, fetch: fake.fetch, retries: 0, onBudget, onReach })}
        >
          <SessionContext value={session}>
            <AppRoutes stage="local" />
          </SessionContext>
        </ApiContext>
      </QueryClientProvider>
    </I18nextProvider>,
  );
}
