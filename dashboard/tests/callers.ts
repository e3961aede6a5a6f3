import {
  type ApiKey,
  type AuditEntry,
  type HookState,
  type Me,
  type QuotaLeft,
  SCOPES,
} from "visionflow-client";

/** Who may do everything, as in a stage without sign-in. */
export function me(changes: Partial<Me> = {}): Me {
  return {
    id: "anonymous",
    name: "anonymous",
    roles: [],
    scopes: [...SCOPES],
    second_factor: null,
    waiting_roles: [],
    quotas: [],
    ...changes,
  };
}

export function viewer(changes: Partial<Me> = {}): Me {
  return me({
    id: "user:1",
    name: "ann@team.test",
    roles: ["viewer"],
    scopes: ["predict", "read", "feedback"],
    second_factor: false,
    ...changes,
  });
}

export function quotas(): QuotaLeft[] {
  return [
    { quota: "requests", of: "caller", per: "minute", limit: 120, used: 20 },
    { quota: "bytes", of: "caller", per: "month", limit: 10e9, used: 9.5e9 },
    { quota: "job_usd", of: "stage", per: "month", limit: 50, used: 12.5 },
  ];
}

export function hookState(name: string, changes: Partial<HookState> = {}): HookState {
  return {
    name,
    kind: "webhook",
    target: `https://${name}.example.com/hook`,
    wants: {
      kinds: [],
      labels: [],
      statuses: [],
      sources: [],
      models: [],
      confidence_at_least: null,
      confidence_below: null,
    },
    created_at: "2026-02-01T09:00:00.000000Z",
    created_by: "ann@team.test",
    secret_at: "2026-02-01T09:00:00.000000Z",
    outcome: {
      last_success_at: null,
      last_success_id: null,
      last_failure_at: null,
      last_failure_id: null,
      last_failure_status: null,
      last_failure: null,
      dead: 0,
    },
    ...changes,
  };
}

export function apiKey(prefix: string, changes: Partial<ApiKey> = {}): ApiKey {
  return {
    prefix,
    name: "night job",
    scopes: ["predict", "read"],
    requests_per_minute: null,
    requests_per_month: null,
    created_at: "2026-02-01T09:00:00.000000Z",
    created_by: "ann@team.test",
    expires_at: null,
    revoked_at: null,
    last_used_at: null,
    ...changes,
  };
}

export function auditEntry(n: number, changes: Partial<AuditEntry> = {}): AuditEntry {
  return {
    at: `2026-03-01T09:00:0${n}.000000Z`,
    by: "ann@team.test",
    caller: "user:1",
    action: "POST /models/{name}/{version}/promote",
    subject: "2.0.0",
    status: 200,
    details: { reason: "better on cats" },
    ...changes,
  };
}
