import type { components, paths } from "../generated/schema.ts";
import { KEY_HEADER, randomKey } from "../transport/key.ts";
import { ask, type Transport, WRITE_TIMEOUT_MS } from "../transport/transport.ts";
import type { Page } from "../types.ts";

type Schemas = components["schemas"];

/** Images of a bucket that are classified at once, with how far that has come. */
export type Backfill = Schemas["BackfillView"];
export type BackfillState = Backfill["state"];
export type BackfillStart = Schemas["BackfillStart"];
export type BackfillEstimate = Schemas["BackfillEstimate"];
export type BackfillRequest = Partial<
  paths["/backfills"]["post"]["requestBody"]["content"]["application/json"]
> & { source: string };
/** How the answers of a backfill's two versions differ. */
export type BackfillComparison = Schemas["BackfillComparison"];
export type BackfillAction = "pause" | "cancel" | "retry";

const BACKFILLS_PAGE = 20;

export interface BackfillsApi {
  /** Starts one; with `dry_run` only says what it takes. The same `key` starts nothing twice. */
  startBackfill(request: BackfillRequest, signal?: AbortSignal): Promise<BackfillStart>;
  backfills(cursor: string | null, signal?: AbortSignal): Promise<Page<Backfill>>;
  backfill(id: string, signal?: AbortSignal): Promise<Backfill>;
  /** Once it is done, of one by two versions. */
  backfillComparison(id: string, signal?: AbortSignal): Promise<BackfillComparison>;
  moveBackfill(id: string, action: BackfillAction, signal?: AbortSignal): Promise<Backfill>;
  /** Goes on; `maxUsd` is what it may spend in all, `null`: as before. */
  resumeBackfill(id: string, maxUsd: number | null, signal?: AbortSignal): Promise<Backfill>;
}

export function backfillsApi(client: Transport): BackfillsApi {
  const one = (id: string) => ({ path: { id } });
  return {
    startBackfill: (given, signal) => {
      const key = given.key ?? randomKey();
      const named = given.dry_run === true ? {} : { key };
      const body = { models: [], into: "files" as const, dry_run: false, ...given, ...named };
      const headers = { [KEY_HEADER]: key }; // the API goes by the body, retries by the header
      return ask(
        signal,
        (bounded) => client.POST("/backfills", { body, headers, signal: bounded }),
        WRITE_TIMEOUT_MS, // images are counted first
      );
    },
    backfills: (cursor, signal) => {
      const query = { limit: BACKFILLS_PAGE, ...(cursor !== null && { cursor }) };
      return ask(signal, (bounded) =>
        client.GET("/backfills", { params: { query }, signal: bounded }),
      );
    },
    backfill: (id, signal) =>
      ask(signal, (bounded) => client.GET("/backfills/{id}", { params: one(id), signal: bounded })),
    backfillComparison: (id, signal) =>
      ask(signal, (bounded) =>
        client.GET("/backfills/{id}/comparison", { params: one(id), signal: bounded }),
      ),
    moveBackfill: (id, action, signal) =>
      ask(signal, (bounded) =>
        client.POST(`/backfills/{id}/${action}`, { params: one(id), signal: bounded }),
      ),
    resumeBackfill: (id, maxUsd, signal) =>
      ask(signal, (bounded) =>
        client.POST("/backfills/{id}/resume", {
          params: one(id),
          body: { max_usd: maxUsd },
          signal: bounded,
        }),
      ),
  };
}
