import type { Api } from "../api/client";
import type { LogEntry, LogPage, LogQuery } from "../api/types";

export type Filters = Pick<LogQuery, "label" | "status">;

export const PAGE_SIZE = 20;
/** One catch-up reads at most this many records; with more, starting over is cheaper. */
const CATCH_UP_PAGES = 5;
const CATCH_UP_PAGE_SIZE = 100;
/**
 * A record may become visible a little after a newer one (parallel Lambdas, index propagation), so
 * each poll looks this far behind the newest known record.
 */
const SETTLING_MS = 15_000;
/** A page under a rare filter may be empty and still have a cursor; this many are read in one go. */
const EMPTY_PAGES = 5;

/**
 * The next older page.
 *
 * Follows the cursor over pages in which nothing matched, so that a click on "load more" shows
 * something where there is something near.
 */
export async function readPage(
  api: Api,
  filters: Filters,
  cursor: string | null,
  signal: AbortSignal,
): Promise<LogPage> {
  for (let read = 1; ; read++) {
    const page = await api.logs(
      { ...filters, limit: PAGE_SIZE, ...(cursor !== null && { cursor }) },
      signal,
    );
    if (page.items.length > 0 || page.next_cursor === null || read === EMPTY_PAGES) return page;
    cursor = page.next_cursor;
  }
}

/**
 * What arrived since `newest` (and a little before it), newest first; `null` when that is too much
 * to catch up with.
 */
export async function readNewer(
  api: Api,
  filters: Filters,
  newest: LogEntry | undefined,
  signal: AbortSignal,
): Promise<LogEntry[] | null> {
  const since: LogQuery = newest
    ? { from: new Date(Date.parse(newest.created_at) - SETTLING_MS).toISOString() }
    : {};
  const found: LogEntry[] = [];
  let cursor: string | null = null;
  for (let read = 0; read < CATCH_UP_PAGES; read++) {
    const page: LogPage = await api.logs(
      { ...filters, ...since, limit: CATCH_UP_PAGE_SIZE, ...(cursor !== null && { cursor }) },
      signal,
    );
    found.push(...page.items);
    cursor = page.next_cursor;
    if (cursor === null) return found;
  }
  return null;
}

/** All entries, each once, newest first; where an id comes twice the earlier list wins. */
export function merge(...lists: readonly (readonly LogEntry[])[]): LogEntry[] {
  const byId = new Map<string, LogEntry>();
  for (const entry of lists.flat()) {
    if (!byId.has(entry.id)) byId.set(entry.id, entry);
  }
  return [...byId.values()].sort((a, b) => (position(a) < position(b) ? 1 : -1));
}

/** The API's own order: time, and the id where two records share a microsecond. */
function position({ created_at, id }: LogEntry): string {
  return `${created_at}#${id}`;
}
