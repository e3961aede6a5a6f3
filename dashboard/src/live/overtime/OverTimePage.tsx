import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { clockOffset } from "../../i18n/offset";
import { LiveTabs } from "../LiveTabs";
import { HistoryIcon } from "../../ui/icons";
import { Missing } from "../../ui/notice/Missing";
import { Notice } from "../../ui/notice/Notice";
import { PageSkeleton } from "../../ui/notice/PageSkeleton";
import { DaysTable } from "./DaysTable";
import { daysUntil, RANGES, versionKey, versionsOf } from "./days";
import css from "./OverTimePage.module.css";
import { AccuracyPanel, LatencyPanel } from "./VersionPanels";
import { UnknownPanel, VolumePanel } from "./VolumePanels";

const EVERY_MS = 300_000;

/** Volume, unknown, accuracy and latency, day by day and version by version. */
export default function OverTimePage() {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const [params, setParams] = useSearchParams();
  const range = RANGES.find((known) => String(known) === params.get("range")) ?? 30;
  const version = params.get("version");
  const days = daysUntil(new Date(), range);
  const [first, last] = [days[0] ?? "", days.at(-1) ?? ""];
  const stats = useQuery({
    queryKey: ["daily-stats", first, last],
    queryFn: ({ signal }) =>
      api.dailyStats({ from: `${first}T00:00:00Z`, to: `${last}T00:00:00Z` }, signal),
    refetchInterval: EVERY_MS,
  });
  const choose = (name: string, value: string | null) => {
    setParams(
      (before) => {
        if (value === null) before.delete(name);
        else before.set(name, value);
        return before;
      },
      { replace: true },
    );
  };
  const rows = stats.data?.days ?? [];
  const versions = versionsOf(rows);
  const known = version === null || versions.includes(version) ? versions : [version, ...versions];
  const shown = rows.filter(
    ({ model }) => version === null || (model !== null && versionKey(model) === version),
  );
  const midnight = new Date(`${last}T00:00:00Z`);
  return (
    <>
      <title>{`${t("overTime.title")} · VisionFlow`}</title>
      <div className="page-heading">
        <div>
          <h1>{t("overTime.title")}</h1>
          <p className="muted">{t("overTime.intro")}</p>
        </div>
      </div>
      <LiveTabs />
      <div className="stack">
        <div className={css.tools}>
          <label className="field">
            <span className="field-name">{t("overTime.range")}</span>
            <select
              className="input"
              value={range}
              onChange={({ target }) => {
                choose("range", target.value);
              }}
              data-testid="over-time-range"
            >
              {RANGES.map((n) => (
                <option key={n} value={n}>
                  {t("overTime.days", { n })}
                </option>
              ))}
            </select>
          </label>
          <label className="field">
            <span className="field-name">{t("overTime.version")}</span>
            <select
              className="input"
              value={version ?? ""}
              onChange={({ target }) => {
                choose("version", target.value === "" ? null : target.value);
              }}
              data-testid="over-time-version"
            >
              <option value="">{t("overTime.all")}</option>
              {known.map((key) => (
                <option key={key} value={key}>
                  {key.replace("/", " ")}
                </option>
              ))}
            </select>
          </label>
          <p className="muted small">
            {clockOffset() === 0
              ? t("overTime.utc")
              : t("overTime.utcOffset", {
                  time: midnight.toLocaleTimeString(language, { timeStyle: "short" }),
                })}
          </p>
        </div>
        {stats.error && !stats.data ? (
          <section className="card panel">
            <Missing
              error={stats.error}
              route="GET /stats/daily"
              onRetry={() => void stats.refetch()}
            />
          </section>
        ) : !stats.data ? (
          <PageSkeleton />
        ) : shown.length === 0 ? (
          <section className="card panel">
            <Notice icon={<HistoryIcon />} title={t("overTime.empty")} testId="over-time-empty">
              <p>{t("overTime.emptyText")}</p>
            </Notice>
          </section>
        ) : (
          <>
            <div className={css.charts}>
              <VolumePanel rows={shown} days={days} />
              <UnknownPanel rows={shown} days={days} />
              <AccuracyPanel rows={shown} days={days} />
              <LatencyPanel rows={shown} days={days} />
            </div>
            <DaysTable rows={shown} />
          </>
        )}
      </div>
    </>
  );
}
