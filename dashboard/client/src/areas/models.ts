import type { Manifest } from "../artifact.ts";
import { modelRef } from "../ref.ts";
import { ask, type Transport } from "../transport/transport.ts";
import type {
  AliasMove,
  Aliases,
  Comparison,
  DeviceModel,
  ModelDetail,
  ModelList,
  ModelName,
  MovePreview,
  Page,
  RollbackRule,
} from "../types.ts";

/** A requested change of an alias. `revision` of a preview: refused if the aliases have moved. */
export type Move = { reason?: string; revision?: number } & (
  | { action: "promote" | "shadow" | "retire"; name: string; version: string }
  | { action: "canary"; name: string; version: string; percent: number }
  | { action: "rollback" | "end_canary" | "end_shadow" }
);

export interface ModelsApi {
  models(signal?: AbortSignal): Promise<ModelList>;
  model(model: ModelName, signal?: AbortSignal): Promise<ModelDetail>;
  /** The same without its report, which may be large. */
  manifest(model: ModelName, signal?: AbortSignal): Promise<Manifest>;
  /** What a device classifies with; refused for a version that may not serve. */
  deviceModel(model: ModelName, signal?: AbortSignal): Promise<DeviceModel>;
  /** Each of `models` beside the first. */
  compare(models: readonly ModelName[], signal?: AbortSignal): Promise<Comparison>;
  moves(cursor: string | null, signal?: AbortSignal): Promise<Page<AliasMove>>;
  /** What a move would change now; fails as the move would. */
  preview(move: Move, signal?: AbortSignal): Promise<MovePreview>;
  move(move: Move, signal?: AbortSignal): Promise<{ aliases: Aliases }>;
  rule(signal?: AbortSignal): Promise<RollbackRule>;
  setRule(rule: RollbackRule, signal?: AbortSignal): Promise<RollbackRule>;
}

const HISTORY_PAGE = 20;

export function modelsApi(client: Transport): ModelsApi {
  return {
    models: (signal) => ask(signal, (bounded) => client.GET("/models", { signal: bounded })),
    model: async (model, signal) => {
      const params = named(model);
      const detail = await ask(signal, (bounded) =>
        client.GET("/models/{name}/{version}", { params, signal: bounded }),
      );
      return detail as ModelDetail; // the API's description leaves the manifest open
    },
    manifest: async (model, signal) => {
      const params = { ...named(model), query: { report: false } };
      const detail = await ask(signal, (bounded) =>
        client.GET("/models/{name}/{version}", { params, signal: bounded }),
      );
      return (detail as ModelDetail).manifest;
    },
    deviceModel: (model, signal) =>
      ask(signal, (bounded) =>
        client.GET("/models/{name}/{version}/device", { params: named(model), signal: bounded }),
      ),
    compare: (models, signal) =>
      ask(signal, (bounded) =>
        client.GET("/models/compare", {
          params: { query: { models: models.map(modelRef).join(",") } },
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
    preview: (move, signal) =>
      ask(signal, (bounded) =>
        client.GET("/models/preview", { params: { query: asked(move) }, signal: bounded }),
      ),
    move: (move, signal) => ask(signal, (bounded) => send(client, move, bounded)),
    rule: (signal) => ask(signal, (bounded) => client.GET("/models/rule", { signal: bounded })),
    setRule: (body, signal) =>
      ask(signal, (bounded) => client.POST("/models/rule", { body, signal: bounded })),
  };
}

function send(client: Transport, move: Move, signal: AbortSignal) {
  const because = { reason: move.reason ?? null, revision: move.revision ?? null };
  switch (move.action) {
    case "rollback":
      return client.POST("/models/rollback", { body: because, signal });
    case "end_canary":
      return client.DELETE("/models/canary", { params: { query: still(move) }, signal });
    case "end_shadow":
      return client.DELETE("/models/shadow", { params: { query: still(move) }, signal });
    case "canary": {
      const body = { percent: move.percent, ...because };
      return client.POST("/models/{name}/{version}/canary", { params: named(move), body, signal });
    }
    case "promote":
    case "shadow":
    case "retire":
      return client.POST(`/models/{name}/{version}/${move.action}`, {
        params: named(move),
        body: because,
        signal,
      });
  }
}

/** A move without a body: only if nothing has moved since the preview. */
function still({ revision }: Move) {
  return revision === undefined ? {} : { revision };
}

function named({ name, version }: ModelName) {
  return { path: { name, version } };
}

function asked(move: Move) {
  return {
    move: move.action,
    ...("version" in move && { model: modelRef(move) }),
    ...("percent" in move && { percent: move.percent }),
  };
}
