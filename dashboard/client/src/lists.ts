import { ApiError } from "./errors.ts";
import type { paths } from "./generated/schema.ts";
import { type Answer, ask, type Transport } from "./transport/transport.ts";
import type { LogEntry, LogQuery, Page } from "./types.ts";

/** Routes that answer page by page. */
export type ListPath = {
  [Path in keyof paths]: paths[Path] extends Listing<unknown> ? Path : never;
}[keyof paths];

interface Listing<Item> {
  get: { responses: { 200: { content: { "application/json": Page<Item> } } } };
}

export type ItemOf<Path extends ListPath> = paths[Path] extends Listing<infer Item> ? Item : never;

type Parameters<Path extends ListPath> = paths[Path]["get"]["parameters"];
type Filters<Path extends ListPath> = Omit<NonNullable<Parameters<Path>["query"]>, "cursor">;

/** `query` has the filters; its `limit` is the size of one page, not of the list. */
export type ListInit<Path extends ListPath> = {
  signal?: AbortSignal;
} & (Parameters<Path>["path"] extends object
  ? { path: Parameters<Path>["path"]; query?: Filters<Path> }
  : { query?: Filters<Path> });

type ListArguments<Path extends ListPath> = Parameters<Path>["path"] extends object
  ? [init: ListInit<Path>]
  : [init?: ListInit<Path>];

export interface ListsApi {
  /** All records that match, newest first, read page by page as the loop goes on. */
  predictions(query?: Omit<LogQuery, "cursor">, signal?: AbortSignal): AsyncGenerator<LogEntry>;
  /** All items of a route that answers page by page. */
  list<Path extends ListPath>(
    path: Path,
    ...init: ListArguments<Path>
  ): AsyncGenerator<ItemOf<Path>>;
}

export function listsApi(transport: Transport): ListsApi {
  /** The types of one route depend on `path`, which is known to the caller only. */
  const get = transport.GET as unknown as (
    path: ListPath,
    init: { params: object; signal: AbortSignal },
  ) => Promise<Answer<Page<unknown>>>;

  async function* items(
    path: ListPath,
    init: { path?: object; query?: object; signal?: AbortSignal },
  ) {
    let cursor: string | null = null;
    do {
      const query: object = { ...init.query, ...(cursor !== null && { cursor }) };
      const params = { query, ...(init.path && { path: init.path }) };
      const page: Page<unknown> = await ask(init.signal, (signal) => get(path, { params, signal }));
      yield* page.items;
      if (page.next_cursor !== null && page.next_cursor === cursor) {
        throw new ApiError("unexpected_answer", `${path} goes on at ${cursor} for ever`);
      }
      cursor = page.next_cursor;
    } while (cursor !== null);
  }

  return {
    predictions: (query = {}, signal) =>
      items("/logs", { query, ...(signal && { signal }) }) as AsyncGenerator<LogEntry>,
    list: <Path extends ListPath>(path: Path, ...[init]: ListArguments<Path>) =>
      items(path, init ?? {}) as AsyncGenerator<ItemOf<Path>>,
  };
}
