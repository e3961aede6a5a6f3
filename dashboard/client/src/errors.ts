/** A request that failed. `code` is the API's, or one of this file's if the API did not answer. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly code: string;
  /** HTTP status; `null` when there was no answer at all. */
  readonly status: number | null;
  readonly requestId: string | null;
  /** What was asked for, as `POST /models/rule`; known where the caller may not do it. */
  readonly route: string | null;
  /** From when on the same request may be answered, epoch ms; `null` where nothing is known. */
  readonly retryAt: number | null;
  /** What of the request is at fault, by its dotted name; `null` where that is not known. */
  readonly field: string | null;
  /** The same request may succeed later: it is not what was sent that is at fault. */
  readonly retryable: boolean;

  constructor(code: string, detail: string, context: ApiErrorContext = {}) {
    const { status = null, requestId = null, route = null, retryAt = null, cause } = context;
    super(detail, { cause });
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.route = route;
    this.retryAt = retryAt;
    this.field = context.field ?? null;
    this.retryable = context.retryable ?? mayPass(status);
  }

  /** The API could not be reached. */
  get unreachable(): boolean {
    return this.status === null;
  }

  /** The deployed API has no such route: it is older than this page, or was deployed without it. */
  get missingRoute(): boolean {
    return MISSING_ROUTE.has(this.code);
  }
}

/** For an answer that does not say so itself: a gateway's, or none at all. */
function mayPass(status: number | null): boolean {
  return status === null || status === 408 || status === 429 || status >= 500;
}

const MISSING_ROUTE = new Set(["route_not_found", "method_not_allowed"]);

interface ApiErrorContext {
  status?: number | null;
  requestId?: string | null;
  route?: string | null;
  retryAt?: number | null;
  field?: string | null;
  retryable?: boolean | undefined;
  cause?: unknown;
}

/** An answer with an error status: problem+json (RFC 9457), or API Gateway's own `{message}`. */
export function fromResponse(
  response: Response,
  body: unknown,
  route: string | null = null,
): ApiError {
  const { status } = response;
  const requestId = field(body, "request_id") ?? response.headers.get("apigw-requestid");
  const code = field(body, "code") ?? codeOfStatus(status);
  const detail = field(body, "detail") ?? field(body, "message") ?? `HTTP ${status}`;
  return new ApiError(code, detail, {
    status,
    requestId,
    route,
    retryAt: retryAt(response),
    field: field(body, "field"),
    retryable: flag(body, "retryable"),
  });
}

/** `Retry-After` in seconds, as this API gives it, or as a date, as proxies do (RFC 9110). */
function retryAt({ headers }: Response): number | null {
  const value = headers.get("Retry-After");
  if (value === null) return null;
  const at = /^\d+$/.test(value) ? Date.now() + Number(value) * 1000 : Date.parse(value);
  return Number.isNaN(at) ? null : at;
}

/** An exception of `fetch` or of parsing its answer. */
export function fromException(cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  if (cause instanceof DOMException && cause.name === "TimeoutError") {
    return new ApiError("timeout", "no answer in time", { cause });
  }
  if (cause instanceof SyntaxError) {
    return new ApiError("unexpected_answer", cause.message, {
      status: 200,
      retryable: true,
      cause,
    });
  }
  return new ApiError("network_error", cause instanceof Error ? cause.message : "", { cause });
}

function codeOfStatus(status: number): string {
  // API Gateway's own: the API says "forbidden" itself where a scope is missing.
  if (status === 401 || status === 403) return "unauthorized";
  if (status === 413) return "body_too_large";
  if (status === 429) return "too_many_requests";
  return status >= 500 ? "server_error" : "unexpected_answer";
}

function flag(body: unknown, name: string): boolean | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const value = (body as Record<string, unknown>)[name];
  return typeof value === "boolean" ? value : undefined;
}

function field(body: unknown, name: string): string | null {
  if (typeof body !== "object" || body === null) return null;
  const value = (body as Record<string, unknown>)[name];
  return typeof value === "string" && value !== "" ? value : null;
}
