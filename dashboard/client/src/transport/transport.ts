import createFetchClient, { type Client } from "openapi-fetch";

import { type ApiError, fromException, fromResponse } from "../errors.ts";
import type { paths } from "../generated/schema.ts";
import { mayRepeat, Repeatable, repeated, RETRIES } from "./retry.ts";

const READ_TIMEOUT_MS = 10_000;
/** A change may take as long as the gateway waits. */
export const WRITE_TIMEOUT_MS = 31_000;
/** What a used-up budget stops. */
const SPENDING: ReadonlySet<string> = new Set([
  "/predict",
  "/predictions",
  "/uploads",
  "/training-jobs",
]);
/** Answers that are an error on every route. The 503 of the others may be an answer, as a status. */
const REFUSALS: ReadonlySet<number> = new Set([403, 429, 502, 504]);
const STATUS_PATHS: ReadonlySet<string> = new Set(["/status", "/health"]);

export interface ClientOptions {
  /** Absolute address of the API. */
  url: string;
  /** An API key; `token` where somebody signs in. */
  key?: string;
  /** The bearer token to send, `null` for none. */
  token?: () => Promise<string | null>;
  /** How often a request is sent again where that does nothing twice; 0: never. */
  retries?: number;
  fetch?: typeof globalThis.fetch;
  /** The API refused the token. */
  onUnauthorized?: () => void;
  /** The API answered a request, whatever it said, or did not. */
  onReach?: (isReached: boolean) => void;
  /** The month's budget is used up, so that nothing that costs money is done; `null`: it is not. */
  onBudget?: (stop: ApiError | null) => void;
}

export interface Answer<Data> {
  data?: Data | undefined;
  error?: unknown;
  response: Response;
}

/** The generated client, with the token on each request. */
export function createTransport(options: ClientOptions): Transport {
  const { url, key, token, fetch, retries = RETRIES, onUnauthorized, onReach, onBudget } = options;
  const client = createFetchClient<paths>({ baseUrl: url, ...(fetch && { fetch }) });
  const judged = (request: Request, error: ApiError) =>
    mayRepeat(request, error) ? new Repeatable(error, retries) : error;
  client.use({
    async onRequest({ request }) {
      const bearer = await token?.().catch((cause: unknown) => {
        onReach?.(false); // a token is renewed over the same network
        throw cause;
      });
      const secret = bearer ?? key;
      if (secret) request.headers.set("Authorization", `Bearer ${secret}`);
      return request;
    },
    onError({ request, error }) {
      if (isAbort(error)) return;
      onReach?.(false);
      return judged(request, fromException(error));
    },
    async onResponse({ request, response, schemaPath }) {
      onReach?.(true);
      if (refusesToken(response)) onUnauthorized?.();
      if (response.ok && SPENDING.has(schemaPath) && request.method === "POST") onBudget?.(null);
      const { status } = response;
      if (!REFUSALS.has(status) && (status !== 503 || STATUS_PATHS.has(schemaPath))) {
        try {
          await response.clone().arrayBuffer(); // the connection may break in mid-answer
        } catch (cause) {
          throw isAbort(cause) ? cause : judged(request, fromException(cause));
        }
        return;
      }
      const body: unknown = await response
        .clone()
        .json()
        .catch(() => null);
      const error = fromResponse(response, body, `${request.method} ${schemaPath}`);
      if (error.code === "budget_stopped") onBudget?.(error);
      throw judged(request, error);
    },
  });
  return client;
}

/** Somebody stopped asking, which says nothing about the API; giving up on it does. */
function isAbort(error: unknown): boolean {
  return error instanceof Object && "name" in error && error.name === "AbortError";
}

/** API Gateway refuses a token with 403 and a body of its own; the API's "forbidden" is a problem. */
function refusesToken({ status, headers }: Response): boolean {
  const isProblem = headers.get("Content-Type")?.startsWith("application/problem+json") ?? false;
  return status === 401 || (status === 403 && !isProblem);
}

export type Transport = Client<paths>;

/**
 * One request, each try bounded in time, sent again where that does nothing twice. Throws
 * `ApiError`, and an `AbortError` when `signal` says so.
 */
export function ask<Data>(
  signal: AbortSignal | undefined,
  call: (signal: AbortSignal) => Promise<Answer<Data>>,
  timeoutMs = READ_TIMEOUT_MS,
): Promise<Data> {
  return repeated(signal, async () => {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const { data, error, response } = await call(
        signal ? AbortSignal.any([signal, timeout]) : timeout,
      );
      if (data === undefined) throw fromResponse(response, error);
      return data;
    } catch (cause) {
      if (signal?.aborted || cause instanceof Repeatable) throw cause;
      throw fromException(cause);
    }
  });
}
