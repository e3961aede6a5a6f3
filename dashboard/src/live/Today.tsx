import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Stats, UnknownReason } from "visionflow-client";

import { useApi } from "../api/ApiContext";
import { useLanguage } from "../i18n";
import { whole } from "../i18n/format";
import { BarRow, BarRows } from "../ui/BarRow";

const EVERY_MS = 60_000;

/** An API that is older than this page counts neither the reasons nor the devices. */
type Counts = Pick<Stats, "total" | "by_status"> &
  Partial<Pick<Stats, "by_origin"> & Record<UnknownReason, number>>;

/** Shown until the API has answered. */
const NOTHING: Counts = { total: 0, by_status: {} };

/** The day's counts (UTC). Nothing if the API has no such route. */
export function Today() {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const today = `${new Date().toISOString().slice(0, 10)}T00:00:00Z`;
  const stats = useQuery({
    queryKey: ["stats", today],
    queryFn: ({ signal }) => api.stats({ from: today }, signal),
    refetchInterval: EVERY_MS,
  });
  if (stats.error && stats.data === undefined) return null;
  const known: Counts = stats.data ?? NOTHING;
  const { total, by_status: counts, unsure = 0, unfamiliar = 0, by_origin: origins } = known;
  const [browser, edge] = [origins?.browser ?? 0, origins?.edge ?? 0];
  const number = (count: number) => whole(count, language);
  const tones = { ok: "main", unknown: "unsure", failed: "bad" } as const;
  return (
    <section className="card panel" aria-label={t("live.today")}>
      <div className="panel-heading">
        <h2>{t("live.today")}</h2>
        <p className="muted small numeric" data-testid="live-today">
          {stats.data && t("live.todayTotal", { total: number(total) })}
        </p>
      </div>
      <BarRows>
        {(["ok", "unknown", "failed"] as const).map((status) => (
          <BarRow
            key={status}
            name={t(`status.${status}`)}
            value={stats.data ? number(counts[status] ?? 0) : "–"}
            share={(counts[status] ?? 0) / Math.max(total, 1)}
            tone={tones[status]}
          />
        ))}
      </BarRows>
      {unsure + unfamiliar > 0 && (
        <p className="muted small" data-testid="live-reasons">
          {t("live.reasons", { unsure: number(unsure), unfamiliar: number(unfamiliar) })}
        </p>
      )}
      {browser + edge > 0 && (
        <p className="muted small" data-testid="live-origins">
          {t("origin.today", { browser: number(browser), edge: number(edge) })}
        </p>
      )}
    </section>
  );
}
