import { pending } from "./pending";
import type { Transport } from "./transport";
import type { AliasMove, Aliases, Comparison, ModelDetail, ModelItem, Page } from "./types";

export interface ModelList {
  items: ModelItem[];
  aliases: Aliases;
}

/** One move of the registry, as the page asks for it. */
export type Move =
  | { action: "promote" | "shadow" | "retire"; version: string; reason?: string }
  | { action: "canary"; version: string; percent: number }
  | { action: "rollback"; reason?: string }
  | { action: "end_canary" | "end_shadow" };

export interface ModelsApi {
  models(signal?: AbortSignal): Promise<ModelList>;
  model(version: string, name: string | undefined, signal?: AbortSignal): Promise<ModelDetail>;
  compare(versions: readonly string[], signal?: AbortSignal): Promise<Comparison>;
  moves(cursor: string | null, signal?: AbortSignal): Promise<Page<AliasMove>>;
  move(move: Move, signal?: AbortSignal): Promise<{ aliases: Aliases }>;
}

const HISTORY_PAGE = 20;

export function modelsApi(client: Transport): ModelsApi {
  return {
    models: (signal) => pending<ModelList>(client, "get", "/models", {}, signal),
    model: (version, name, signal) => {
      const query = name === undefined ? {} : { name };
      return pending<ModelDetail>(
        client,
        "get",
        "/models/{version}",
        { path: { version }, query },
        signal,
      );
    },
    compare: (versions, signal) => {
      const query = { versions: versions.join(",") };
      return pending<Comparison>(client, "get", "/models/compare", { query }, signal);
    },
    moves: (cursor, signal) => {
      const query = { limit: HISTORY_PAGE, ...(cursor !== null && { cursor }) };
      return pending<Page<AliasMove>>(client, "get", "/models/history", { query }, signal);
    },
    move: (move, signal) => {
      const send = (method: "post" | "delete", path: string, request = {}) =>
        pending<{ aliases: Aliases }>(client, method, path, request, signal);
      const because = "reason" in move && move.reason ? { reason: move.reason } : {};
      switch (move.action) {
        case "rollback":
          return send("post", "/models/rollback", { body: because });
        case "end_canary":
          return send("delete", "/models/canary");
        case "end_shadow":
          return send("delete", "/models/shadow");
        case "canary":
          return send("post", "/models/{version}/canary", {
            path: { version: move.version },
            body: { percent: move.percent },
          });
        default:
          return send("post", `/models/{version}/${move.action}`, {
            path: { version: move.version },
            body: because,
          });
      }
    },
  };
}
