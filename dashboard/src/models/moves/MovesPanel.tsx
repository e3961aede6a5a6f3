import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { AliasMove, Page } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { isActor } from "../../i18n/actors";
import { dateTime } from "../../i18n/format";
import { moveText } from "../../i18n/texts";
import { DataTable } from "../../ui/DataTable";
import { Missing } from "../../ui/notice/Missing";
import { PageSkeleton } from "../../ui/notice/PageSkeleton";
import { Problem } from "../../ui/notice/Problem";
import { ServerText } from "../../ui/notice/ServerText";
import css from "./MovesPanel.module.css";

/** The history of the aliases: what changed, when, and by whom. */
export function MovesPanel() {
  const { t } = useTranslation();
  const language = useLanguage();
  const api = useApi();
  const moves = useInfiniteQuery({
    queryKey: ["moves"],
    queryFn: ({ pageParam, signal }) => api.moves(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page: Page<AliasMove>) => page.next_cursor,
  });
  const rows = moves.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <section className="card panel" aria-labelledby="moves-title">
      <div>
        <h2 id="moves-title">{t("models.history")}</h2>
        <p className="muted small">{t("models.historyText")}</p>
      </div>
      {moves.error && !moves.data ? (
        <Missing
          error={moves.error}
          route="GET /models/history"
          onRetry={() => void moves.refetch()}
        />
      ) : !moves.data ? (
        <PageSkeleton />
      ) : (
        <DataTable
          columns={[
            { name: t("history.time") },
            { name: t("models.what") },
            { name: t("history.model") },
            { name: t("models.by") },
            { name: t("models.because") },
          ]}
          labelledBy="moves-title"
          className={css.table}
          testId="moves"
        >
          {rows.map((move) => (
            <tr key={`${move.moved_at} ${move.alias} ${move.action}`}>
              <td className="numeric">{dateTime(move.moved_at, language)}</td>
              <th scope="row">{moveText(t, move)}</th>
              <td>
                {move.name === null ? "–" : `${move.name} ${move.version ?? ""}`}
                {move.percent !== null && ` (${move.percent}%)`}
              </td>
              <td>{isActor(move.by) ? <ServerText text={move.by} /> : move.by}</td>
              <td>
                {move.reason !== null && isActor(move.by) ? (
                  <ServerText text={move.reason} />
                ) : (
                  (move.reason ?? "–")
                )}
              </td>
            </tr>
          ))}
        </DataTable>
      )}
      {moves.isFetchNextPageError && <Problem error={moves.error} />}
      {moves.hasNextPage && (
        <div>
          <button
            type="button"
            className="button small"
            disabled={moves.isFetchingNextPage}
            onClick={() => void moves.fetchNextPage()}
            data-testid="more-moves"
          >
            {t("models.olderMoves")}
          </button>
        </div>
      )}
    </section>
  );
}
