import createClient, { type Client } from "openapi-fetch";

import { type ApiError, fromException, fromResponse } from "../errors";
import type { paths } from "../schema";

const READ_TIMEOUT_MS = 10_000;
/** A change may take as long as the gateway waits. */
export const WRITE_TIMEOUT_MS = 31_000;
/** What a used-up budget stops. */
const SPENDING: ReadonlySet<string> = new Set(["/predict", "/uploads", "/training-jobs"]);

export interface TransportOptions {
  /** Absolute, without a slash at its end. */
  apiUrl: string;
  fetch?: typeof globalThis.fetch;
  /** The bearer token to send, `null` for none. */
  token?: () => Promise<string | null>;
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
export function createTransport(options: TransportOptions) {
  const { apiUrl, fetch, token, onUnauthorized, onReach, onBudget } = options;
  const client = createClient<paths>({ baseUrl: apiUrl, ...(fetch && { fetch }) });
  client.use({
    async onRequest({ request }) {
      const bearer = await token?.().catch((cause: unknown) => {
        onReach?.(false); // a token is renewed over the same network
        throw cause;
      });
      if (bearer) request.headers.set("Authorization", `Bearer ${bearer}`);
      return request;
    },
    onError({ error }) {
      if (!isAbort(error)) onReach?.(false);
    },
    async onResponse({ request, response, schemaPath }) {
      onReach?.(true);
      if (refusesToken(response)) onUnauthorized?.();
      if (response.ok && SPENDING.has(schemaPath) && request.method === "POST") onBudget?.(null);
      if (response.status !== 403 && response.status !== 429) return;
      const body: unknown = await response
        .clone()
        .json()
        .catch(() => null);
      const error = fromResponse(response, body, `${request.method} ${schemaPath}`);
      if (error.code === "budget_stopped") onBudget?.(error);
      throw error;
    },
  });
  return client;
}

/** Somebody stopped asking, which says nothing about the API; giving up on it does. */
function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** API Gateway refuses a token with 403 and a body of its own; the API's "forbidden" is a problem. */
function refusesToken({ status, headers }: Response): boolean {
  const isProblem = headers.get("Content-Type")?.startsWith("application/problem+json") ?? false;
  return status === 401 || (status === 403 && !isProblem);
}

export type Transport = Client<paths>;

/** One request, bounded in time. Throws `ApiError`, and an `AbortError` when `signal` says so. */
export async function ask<Data>(
  signal: AbortSignal | undefined,
  call: (signal: AbortSignal) => Promise<Answer<Data>>,
  timeoutMs = READ_TIMEOUT_MS,
): Promise<Data> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const { data, error, response } = await call(
      signal ? AbortSignal.any([signal, timeout]) : timeout,
    );
    if (data === undefined) throw fromResponse(response, error);
    return data;
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw fromException(cause);
  }
}
