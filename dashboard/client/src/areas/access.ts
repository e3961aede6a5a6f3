import { ask, type Transport } from "../transport/transport.ts";
import type { components, paths } from "../generated/schema.ts";
import type { Page } from "../types.ts";

type Schemas = components["schemas"];

/** What a route asks of its caller (`visionflow/access/roles.py`). */
export const SCOPES = ["predict", "read", "feedback", "label", "models", "jobs", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

export type Me = Schemas["Me"];
export type QuotaLeft = Schemas["QuotaLeft"];
export type ServiceStatus = Schemas["ServiceStatus"];
export type Stop = Schemas["Stop"];
export type ApiKey = Schemas["ApiKey"];
export type NewKey = Schemas["NewKey"];
export type HookPage = Schemas["HookPage"];
export type HookState = Schemas["HookState"];
export type NewHook = Schemas["NewHook"];
export type HookSecret = Schemas["HookSecret"];
export type HookReplay = Schemas["HookReplay"];
export type HookRequest = NonNullable<
  paths["/hooks"]["post"]["requestBody"]
>["content"]["application/json"];
export type AuditEntry = Schemas["AuditEntry"];
export type ErasedOwner = Schemas["ErasedOwner"];
export type PromotionRule = Schemas["PromotionRule"];
export type Verified = Schemas["Verified"];
export type KeyRequest = NonNullable<
  paths["/keys"]["post"]["requestBody"]
>["content"]["application/json"];

export interface AuditQuery {
  from?: string;
  to?: string;
}

export interface AccessApi {
  /** Also resolves if the API is up and its model is not. */
  status(signal?: AbortSignal): Promise<ServiceStatus>;
  /** Takes images and jobs again although the budget is spent. */
  resumeBudget(signal?: AbortSignal): Promise<{ stopped: Stop | null }>;
  me(signal?: AbortSignal): Promise<Me>;
  keys(signal?: AbortSignal): Promise<ApiKey[]>;
  createKey(request: KeyRequest, signal?: AbortSignal): Promise<NewKey>;
  revokeKey(prefix: string, signal?: AbortSignal): Promise<ApiKey>;
  hooks(signal?: AbortSignal): Promise<HookPage>;
  createHook(request: HookRequest, signal?: AbortSignal): Promise<NewHook>;
  removeHook(name: string, signal?: AbortSignal): Promise<HookState>;
  replaceHookSecret(name: string, signal?: AbortSignal): Promise<HookSecret>;
  /** Resolves when the event is on its way; what became of it is in `hooks`. */
  testHook(name: string, signal?: AbortSignal): Promise<{ id: string }>;
  replayHook(name: string, signal?: AbortSignal): Promise<HookReplay>;
  audit(query: AuditQuery, cursor: string | null, signal?: AbortSignal): Promise<Page<AuditEntry>>;
  /** Deletes a record with everything that was made of its image. */
  erase(id: string, signal?: AbortSignal): Promise<object>;
  /** Deletes a bounded number of an owner's records. */
  eraseOwner(owner: string, signal?: AbortSignal): Promise<ErasedOwner>;
  promotionRule(signal?: AbortSignal): Promise<PromotionRule>;
  setPromotionRule(rule: PromotionRule, signal?: AbortSignal): Promise<PromotionRule>;
}

const AUDIT_PAGE = 50;
/** Deleting reads and writes for every record, up to API Gateway's limit. */
const ERASE_TIMEOUT_MS = 31_000;
/** Looks at dead letters for up to fifteen seconds. */
const REPLAY_TIMEOUT_MS = 31_000;

export function accessApi(client: Transport): AccessApi {
  return {
    status: (signal) =>
      ask(signal, async (bounded) => {
        const answer = await client.GET("/status", { signal: bounded });
        const unavailable = isStatus(answer.error) ? answer.error : undefined;
        return { ...answer, data: answer.data ?? unavailable };
      }),
    resumeBudget: (signal) =>
      ask(signal, (bounded) => client.POST("/budget/resume", { signal: bounded })),
    me: (signal) => ask(signal, (bounded) => client.GET("/me", { signal: bounded })),
    keys: async (signal) => {
      const { items } = await ask(signal, (bounded) => client.GET("/keys", { signal: bounded }));
      return items;
    },
    createKey: (body, signal) =>
      ask(signal, (bounded) => client.POST("/keys", { body, signal: bounded })),
    revokeKey: (prefix, signal) =>
      ask(signal, (bounded) =>
        client.DELETE("/keys/{prefix}", { params: { path: { prefix } }, signal: bounded }),
      ),
    hooks: (signal) => ask(signal, (bounded) => client.GET("/hooks", { signal: bounded })),
    createHook: (body, signal) =>
      ask(signal, (bounded) => client.POST("/hooks", { body, signal: bounded })),
    removeHook: (name, signal) =>
      ask(signal, (bounded) =>
        client.DELETE("/hooks/{name}", { params: { path: { name } }, signal: bounded }),
      ),
    replaceHookSecret: (name, signal) =>
      ask(signal, (bounded) =>
        client.POST("/hooks/{name}/secret", { params: { path: { name } }, signal: bounded }),
      ),
    testHook: (name, signal) =>
      ask(signal, (bounded) =>
        client.POST("/hooks/{name}/test", { params: { path: { name } }, signal: bounded }),
      ),
    replayHook: (name, signal) =>
      ask(
        signal,
        (bounded) =>
          client.POST("/hooks/{name}/replay", { params: { path: { name } }, signal: bounded }),
        REPLAY_TIMEOUT_MS,
      ),
    audit: (query, cursor, signal) => {
      const page = { ...query, limit: AUDIT_PAGE, ...(cursor !== null && { cursor }) };
      return ask(signal, (bounded) =>
        client.GET("/audit", { params: { query: page }, signal: bounded }),
      );
    },
    erase: (id, signal) =>
      ask(
        signal,
        (bounded) =>
          client.DELETE("/predictions/{id}", { params: { path: { id } }, signal: bounded }),
        ERASE_TIMEOUT_MS,
      ),
    eraseOwner: (owner, signal) =>
      ask(
        signal,
        (bounded) =>
          client.DELETE("/owners/{owner}", { params: { path: { owner } }, signal: bounded }),
        ERASE_TIMEOUT_MS,
      ),
    promotionRule: (signal) =>
      ask(signal, (bounded) => client.GET("/models/promotion-rule", { signal: bounded })),
    setPromotionRule: (body, signal) =>
      ask(signal, (bounded) => client.POST("/models/promotion-rule", { body, signal: bounded })),
  };
}

function isStatus(body: unknown): body is ServiceStatus {
  return typeof body === "object" && body !== null && "labels" in body;
}
