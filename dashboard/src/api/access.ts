import type { Client } from "openapi-fetch";

import { ask, type Transport } from "./transport";
import type { Costs, Feedback, ModelItem, ModelName, Page } from "./types";

/** What a route asks of its caller (`visionflow/access/roles.py`). */
export const SCOPES = ["predict", "read", "feedback", "label", "models", "jobs", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

/** Who the API takes the caller for. */
export interface Me {
  /** `user:<sub>`, `key:<prefix>`, or `anonymous` in a stage without sign-in. */
  id: string;
  name: string;
  roles: string[];
  scopes: Scope[];
  /** Whether there is a second factor; `null` for a program, and where nobody signs in. */
  second_factor: boolean | null;
  /** Roles that count in full only with a second factor. */
  waiting_roles: string[];
  quotas?: QuotaLeft[];
}

/** One limit of the caller or of the whole stage, and how much of it is used. */
export interface QuotaLeft {
  /** `requests`, `images`, `bytes`, `jobs` or `job_usd`. */
  quota: string;
  of: "caller" | "stage";
  per: "minute" | "month";
  limit: number;
  used: number;
}

/** Whether an image would be classified now, by which model and into which labels. */
export interface ServiceStatus {
  status: "ok" | "unavailable";
  model: ModelName | null;
  labels: string[];
  /** What is directly above each label and each parent that has something above it. */
  parents: Record<string, string>;
  uptime_s: number;
  reason: string | null;
}

/** Since when and why the month's budget keeps images and jobs from being taken. */
export interface Stop {
  at: string;
  reason: string;
}

/** Costs, with that. */
export type StoppableCosts = Costs & { stopped?: Stop | null };

export interface ApiKey {
  prefix: string;
  name: string;
  scopes: Scope[];
  /** `null`: the stage's own limit. */
  requests_per_minute: number | null;
  requests_per_month: number | null;
  created_at: string;
  created_by: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}

export interface KeyRequest {
  name: string;
  scopes: Scope[];
  requests_per_minute?: number | null;
  requests_per_month?: number | null;
  expires_in_days?: number | null;
}

/** `key` is answered this once; the API keeps a hash. */
export type NewKey = ApiKey & { key: string };

export interface AuditEntry {
  at: string;
  /** A verified name. */
  by: string;
  caller: string;
  action: string;
  subject: string;
  /** As that of an HTTP answer; `null`: the change was begun, and its outcome is not known. */
  status: number | null;
  details: Record<string, unknown>;
}

export interface AuditQuery {
  from?: string;
  to?: string;
}

export interface ErasedOwner {
  erased: number;
  /** The owner has more records: call again. */
  left: boolean;
}

/** A job's version is promoted by a person, or by this rule. */
export interface PromotionRule {
  enabled: boolean;
  /** Sealed images that the version must have been measured on. */
  min_images: number;
  /** How much higher its top-1 on them must be than production's, 0..1. */
  min_gain: number;
}

/** What the control plane measured on images that no training machine had. */
export interface Verified {
  images: number;
  top1: number;
  /** Of `top1`, 95 %. */
  interval: number[];
  /** Share of images with the same answer of the served form and of fp32; `null` for fp32. */
  agreement: number | null;
  sealed: string;
  at: string;
}

/** A version with that; `null` where there was nothing to measure with. */
export type VerifiedItem = ModelItem & { verified?: Verified | null };

/** A record with its owner, the `Me.id` of who sent the image. */
export type Owned<Entry> = Entry & { owner?: string | null };

/** Feedback with the weight of who gave it: 1 viewer, 2 labeller, 3 admin. */
export type Weighed = Feedback & { weight?: number };

export interface AccessApi {
  /** Also resolves if the API is up and its model is not. */
  status(signal?: AbortSignal): Promise<ServiceStatus>;
  /** Takes images and jobs again although the budget is spent. */
  resumeBudget(signal?: AbortSignal): Promise<{ stopped: Stop | null }>;
  me(signal?: AbortSignal): Promise<Me>;
  keys(signal?: AbortSignal): Promise<ApiKey[]>;
  createKey(request: KeyRequest, signal?: AbortSignal): Promise<NewKey>;
  revokeKey(prefix: string, signal?: AbortSignal): Promise<ApiKey>;
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

export function accessApi(transport: Transport): AccessApi {
  const client = transport as unknown as Client<AccessPaths>;
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

/** As `schema.d.ts` has paths; to be dropped for it once the API's description has these. */
interface AccessPaths {
  "/status": { get: Route<ServiceStatus> };
  "/budget/resume": { post: Route<{ stopped: Stop | null }> };
  "/me": { get: Route<Me> };
  "/keys": { get: Route<{ items: ApiKey[] }>; post: BodyRoute<NewKey, KeyRequest> };
  "/keys/{prefix}": { delete: Route<ApiKey, { path: { prefix: string } }> };
  "/audit": {
    get: Route<Page<AuditEntry>, { query: AuditQuery & { limit: number; cursor?: string } }>;
  };
  "/predictions/{id}": { delete: Route<object, { path: { id: string } }> };
  "/owners/{owner}": { delete: Route<ErasedOwner, { path: { owner: string } }> };
  "/models/promotion-rule": {
    get: Route<PromotionRule>;
    post: BodyRoute<PromotionRule, PromotionRule>;
  };
}

interface Route<Answer, Parameters = object> {
  parameters: Parameters;
  responses: { 200: { headers: object; content: { "application/json": Answer } } };
}

interface BodyRoute<Answer, Body> extends Route<Answer> {
  requestBody: { content: { "application/json": Body } };
}
