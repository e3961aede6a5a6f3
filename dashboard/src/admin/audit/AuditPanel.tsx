import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import type { AuditEntry, Page } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { HistoryIcon } from "../../ui/icons";
import { MomentField, readMoment } from "../../ui/MomentField";
import { Missing } from "../../ui/notice/Missing";
import { Notice } from "../../ui/notice/Notice";
import { Problem } from "../../ui/notice/Problem";
import css from "./AuditPanel.module.css";
import { AuditTable } from "./AuditTable";

/** The audit trail, newest first, in the period that the address names. */
export function AuditPanel() {
  const { t } = useTranslation();
  const api = useApi();
  const [params, setParams] = useSearchParams();
  const from = readMoment(params.get("from"));
  const to = readMoment(params.get("to"));
  const query = { ...(from !== null && { from }), ...(to !== null && { to }) };
  const audit = useInfiniteQuery({
    queryKey: ["audit", query],
    queryFn: ({ pageParam, signal }) => api.audit(query, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page: Page<AuditEntry>) => page.next_cursor,
  });
  const rows = audit.data?.pages.flatMap(({ items }) => items) ?? [];
  const change = (name: "from" | "to", value: string | undefined) => {
    setParams(
      (before) => {
        if (value === undefined) before.delete(name);
        else before.set(name, value);
        return before;
      },
      { replace: true },
    );
  };
  return (
    <section className="card panel" aria-labelledby="audit-title">
      <div>
        <h2 id="audit-title">{t("audit.title")}</h2>
        <p className="muted small">{t("audit.text")}</p>
      </div>
      <div className={css.period}>
        {(["from", "to"] as const).map((name) => (
          <MomentField
            key={name}
            name={t(`history.${name}`)}
            value={query[name]}
            onChange={(value) => {
              change(name, value);
            }}
            testId={`audit-${name}`}
          />
        ))}
      </div>
      {audit.error && !audit.data ? (
        <Missing error={audit.error} route="GET /audit" onRetry={() => void audit.refetch()} />
      ) : !audit.data ? (
        <div className={`skeleton ${css.waiting}`} role="status" aria-label={t("app.loading")} />
      ) : rows.length === 0 ? (
        <Notice icon={<HistoryIcon />} title={t("audit.none")} testId="audit-empty" />
      ) : (
        <AuditTable rows={rows} />
      )}
      {audit.isFetchNextPageError && <Problem error={audit.error} />}
      {audit.hasNextPage && (
        <div>
          <button
            type="button"
            className="button small"
            disabled={audit.isFetchingNextPage}
            onClick={() => void audit.fetchNextPage()}
            data-testid="audit-older"
          >
            {t("audit.older")}
          </button>
        </div>
      )}
    </section>
  );
}
