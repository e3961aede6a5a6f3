import type { Scope } from "../api/access";

/**
 * What each route that this page uses asks of its caller. The table of the API is
 * `lambdas/web/routes.py`; a test compares this one with the API's description.
 */
export const NEEDS = {
  "GET /me": "read",
  "GET /status": "read",
  "POST /predict": "predict",
  "POST /uploads": "predict",
  "GET /logs": "read",
  "GET /predictions/{id}": "read",
  "GET /predictions/{id}/explanation": "read",
  "DELETE /predictions/{id}": "predict",
  "POST /predictions/{id}/feedback": "feedback",
  "DELETE /predictions/{id}/feedback": "feedback",
  "GET /uncertain": "read",
  "GET /stats": "read",
  "GET /stats/daily": "read",
  "GET /costs": "read",
  "GET /costs/month": "read",
  "GET /models": "read",
  "GET /models/{name}/{version}": "read",
  "GET /models/compare": "read",
  "GET /models/history": "read",
  "GET /models/preview": "read",
  "GET /models/rule": "read",
  "POST /models/rule": "models",
  "GET /models/promotion-rule": "read",
  "POST /models/promotion-rule": "models",
  "POST /models/rollback": "models",
  "DELETE /models/canary": "models",
  "DELETE /models/shadow": "models",
  "POST /models/{name}/{version}/promote": "models",
  "POST /models/{name}/{version}/canary": "models",
  "POST /models/{name}/{version}/shadow": "models",
  "POST /models/{name}/{version}/retire": "models",
  "GET /datasets": "read",
  "POST /datasets": "label",
  "GET /datasets/{name}": "read",
  "DELETE /datasets/{name}": "admin",
  "GET /datasets/{name}/images": "read",
  "GET /datasets/{name}/images/{sha256}": "read",
  "GET /datasets/{name}/thumbnails": "read",
  "GET /datasets/{name}/links": "read",
  "POST /datasets/{name}/uploads": "label",
  "POST /datasets/{name}/changes": "label",
  "POST /datasets/{name}/classes": "label",
  "POST /datasets/{name}/flow": "label",
  "DELETE /datasets/{name}/flow": "label",
  "POST /datasets/{name}/predictions": "label",
  "GET /datasets/{name}/versions": "read",
  "POST /datasets/{name}/versions": "label",
  "GET /datasets/{name}/versions/{number}": "read",
  "GET /datasets/{name}/versions/{number}/diff": "read",
  "POST /datasets/{name}/train": "label",
  "GET /datasets/{name}/runs": "read",
  "GET /datasets/{name}/runs/{id}": "read",
  "GET /training-options": "read",
  "GET /training-jobs": "read",
  "POST /training-jobs": "jobs",
  "GET /training-jobs/{id}": "read",
  "DELETE /training-jobs/{id}": "jobs",
  "POST /training-jobs/{id}/resume": "jobs",
  "POST /budget/resume": "admin",
  "GET /keys": "admin",
  "POST /keys": "admin",
  "DELETE /keys/{prefix}": "admin",
  "GET /audit": "admin",
  "DELETE /owners/{owner}": "admin",
} as const satisfies Record<string, Scope>;

export type KnownRoute = keyof typeof NEEDS;

/** The scope that `route` needs; `null` for a route that this page does not use. */
export function scopeOf(route: string): Scope | null {
  return Object.hasOwn(NEEDS, route) ? NEEDS[route as KnownRoute] : null;
}
