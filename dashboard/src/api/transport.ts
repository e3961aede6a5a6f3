import createClient, { type Client } from "openapi-fetch";

import { fromException, fromResponse } from "./errors";
import type { paths } from "./schema";

const READ_TIMEOUT_MS = 10_000;

export interface TransportOptions {
  apiUrl: string;
  fetch?: typeof globalThis.fetch;
  /** The bearer token to send, `null` for none. */
  token?: () => Promise<string | null>;
  /** The API refused the token. */
  onUnauthorized?: () => void;
}

export interface Answer<Data> {
  data?: Data | undefined;
  error?: unknown;
  response: Response;
}

/** The generated client, with the token on each request. */
export function createTransport({ apiUrl, fetch, token, onUnauthorized }: TransportOptions) {
  const client = createClient<paths>({ baseUrl: apiUrl, ...(fetch && { fetch }) });
  client.use({
    async onRequest({ request }) {
      const bearer = await token?.();
      if (bearer) request.headers.set("Authorization", `Bearer ${bearer}`);
      return request;
    },
    onResponse({ response }) {
      if (refusesToken(response)) onUnauthorized?.();
    },
  });
  return client;
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
