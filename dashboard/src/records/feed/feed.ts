import type { Client, LogEntry, LogPage, LogQuery } from "visionflow-client";

export type Filters = Pick<
  LogQuery,
  "label" | "status" | "source" | "origin" | "feedback" | "model" | "filename" | "from" | "to"
> & {
  /** Confidence bounds, 0..1, which this page applies: the API has no index by confidence. */
  min?: number;
  max?: number;
};

export const PAGE_SIZE = 50;
/** One catch-up reads at most this many records; with more, starting over is cheaper. */
const CATCH_UP_PAGES = 5;
const CATCH_UP_PAGE_SIZE = 100;
/**
 * A record may become visible a little after a newer one (parallel Lambdas, index propagation), so
 * each poll looks this far behind the newest known record.
 */
const SETTLING_MS = 15_000;
const FRESH_MS = 4_000;
/** A page under a rare filter may be empty and still have a cursor; this many are read in one go. */
const EMPTY_PAGES = 5;

/**
 * The next older page.
 *
 * Follows the cursor over pages without a match, so that a click on "load more" shows something
 * if a match is near.
 */
export async function readPage(
  api: Client,
  filters: Filters,
  cursor: string | null,
  signal: AbortSignal,
  limit = PAGE_SIZE,
): Promise<LogPage> {
  const { query, bounds } = split(filters);
  for (let read = 1; ; read++) {
    const { items, next_cursor } = await api.logs(
      { ...query, limit, ...(cursor !== null && { cursor }) },
      signal,
    );
    const page = { items: items.filter((entry) => isConfidentAs(entry, bounds)), next_cursor };
    if (page.items.length > 0 || page.next_cursor === null || read === EMPTY_PAGES) return page;
    cursor = page.next_cursor;
  }
}

/**
 * What arrived since `newest` (and a little before it), newest first; `null` when that is too much
 * to catch up with.
 */
export async function readNewer(
  api: Client,
  filters: Filters,
  newest: LogEntry | undefined,
  signal: AbortSignal,
): Promise<LogEntry[] | null> {
  const { query, bounds } = split(filters);
  const since: LogQuery = newest ? { from: settledBefore(newest, query.from) } : {};
  const found: LogEntry[] = [];
  let cursor: string | null = null;
  for (let read = 0; read < CATCH_UP_PAGES; read++) {
    const page: LogPage = await api.logs(
      { ...query, ...since, limit: CATCH_UP_PAGE_SIZE, ...(cursor !== null && { cursor }) },
      signal,
    );
    found.push(...page.items.filter((entry) => isConfidentAs(entry, bounds)));
    cursor = page.next_cursor;
    if (cursor === null) return found;
  }
  return null;
}

/** Whether a record has just arrived. */
export function isFresh({ created_at }: LogEntry): boolean {
  return Date.now() - Date.parse(created_at) < FRESH_MS;
}

/** The start of a poll, never before the filter's start. */
function settledBefore({ created_at }: LogEntry, from: string | undefined): string {
  const start = Date.parse(created_at) - SETTLING_MS;
  return new Date(Math.max(start, from === undefined ? start : Date.parse(from))).toISOString();
}

type Bounds = Pick<Filters, "min" | "max">;

function split({ min, max, ...query }: Filters): { query: LogQuery; bounds: Bounds } {
  return {
    query,
    bounds: { ...(min !== undefined && { min }), ...(max !== undefined && { max }) },
  };
}

function isConfidentAs({ confidence }: LogEntry, { min, max }: Bounds): boolean {
  if (min === undefined && max === undefined) return true;
  return confidence !== null && confidence >= (min ?? 0) && confidence <= (max ?? 1);
}

/**
 * `newer` before `older`, both newest first, each id once, the newer copy winning.
 *
 * Both may only meet at the top of `older`, so the rest of it, which may be 100,000 rows long, is
 * neither compared nor sorted.
 */
export function join(newer: readonly LogEntry[], older: readonly LogEntry[]): LogEntry[] {
  const last = newer.at(-1);
  if (last === undefined) return [...older];
  const oldest = position(last);
  const end = older.findIndex((entry) => position(entry) < oldest);
  const meeting = end === -1 ? older.length : end;
  return merge(newer, older.slice(0, meeting)).concat(older.slice(meeting));
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
