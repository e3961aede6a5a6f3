import type { Manifest } from "./artifact";
import { ask, type Transport } from "./transport";
import type {
  AliasMove,
  Aliases,
  Comparison,
  ModelDetail,
  ModelList,
  ModelName,
  Page,
  RollbackRule,
} from "./types";

/** A requested change of an alias. Two models may have the same version, so both are named. */
export type Move = { reason?: string } & (
  | { action: "promote" | "shadow" | "retire"; name: string; version: string }
  | { action: "canary"; name: string; version: string; percent: number }
  | { action: "rollback" | "end_canary" | "end_shadow" }
);

export interface ModelsApi {
  models(signal?: AbortSignal): Promise<ModelList>;
  model(version: string, name: string | undefined, signal?: AbortSignal): Promise<ModelDetail>;
  /** The same without its report, which may be large. */
  manifest({ name, version }: ModelName, signal?: AbortSignal): Promise<Manifest>;
  /** Without `name`, `versions` may belong to several models. */
  compare(
    name: string | undefined,
    versions: readonly string[],
    signal?: AbortSignal,
  ): Promise<Comparison>;
  moves(cursor: string | null, signal?: AbortSignal): Promise<Page<AliasMove>>;
  move(move: Move, signal?: AbortSignal): Promise<{ aliases: Aliases }>;
  rule(signal?: AbortSignal): Promise<RollbackRule>;
  setRule(rule: RollbackRule, signal?: AbortSignal): Promise<RollbackRule>;
}

const HISTORY_PAGE = 20;

export function modelsApi(client: Transport): ModelsApi {
  return {
    models: (signal) => ask(signal, (bounded) => client.GET("/models", { signal: bounded })),
    model: async (version, name, signal) => {
      const params = { path: { version }, ...(name !== undefined && { query: { name } }) };
      const detail = await ask(signal, (bounded) =>
        client.GET("/models/{version}", { params, signal: bounded }),
      );
      return detail as ModelDetail; // the API's description leaves the manifest open
    },
    manifest: async ({ name, version }, signal) => {
      const params = { path: { version }, query: { name, report: false } };
      const detail = await ask(signal, (bounded) =>
        client.GET("/models/{version}", { params, signal: bounded }),
      );
      return (detail as ModelDetail).manifest;
    },
    compare: (name, versions, signal) =>
      ask(signal, (bounded) =>
        client.GET("/models/compare", {
          params: { query: { versions: versions.join(","), ...(name !== undefined && { name }) } },
          signal: bounded,
        }),
      ),
    moves: (cursor, signal) =>
      ask(signal, (bounded) =>
        client.GET("/models/history", {
          params: { query: { limit: HISTORY_PAGE, ...(cursor !== null && { cursor }) } },
          signal: bounded,
        }),
      ),
    move: (move, signal) => ask(signal, (bounded) => send(client, move, bounded)),
    rule: (signal) => ask(signal, (bounded) => client.GET("/models/rule", { signal: bounded })),
    setRule: (body, signal) =>
      ask(signal, (bounded) => client.POST("/models/rule", { body, signal: bounded })),
  };
}

function send(client: Transport, move: Move, signal: AbortSignal) {
  const because = { reason: move.reason ?? null };
  switch (move.action) {
    case "rollback":
      return client.POST("/models/rollback", { body: because, signal });
    case "end_canary":
      return client.DELETE("/models/canary", { signal });
    case "end_shadow":
      return client.DELETE("/models/shadow", { signal });
    case "canary": {
      const body = { percent: move.percent, ...because };
      return client.POST("/models/{version}/canary", { params: named(move), body, signal });
    }
    case "promote":
    case "shadow":
    case "retire":
      return client.POST(`/models/{version}/${move.action}`, {
        params: named(move),
        body: because,
        signal,
      });
  }
}

function named({ name, version }: { name: string; version: string }) {
  return { path: { version }, query: { name } };
}
