import createClient from "openapi-fetch";

import { fromException, fromResponse } from "./errors";
import type { paths } from "./schema";
import type { Health, LogPage, LogQuery, PredictAnswer, PredictionDetail } from "./types";

const READ_TIMEOUT_MS = 10_000;
/** API Gateway gives up after 30 s; a second more lets its own answer arrive. */
const PREDICT_TIMEOUT_MS = 31_000;

export interface Api {
  predict(file: File, signal?: AbortSignal): Promise<PredictAnswer>;
  logs(query: LogQuery, signal?: AbortSignal): Promise<LogPage>;
  prediction(id: string, signal?: AbortSignal): Promise<PredictionDetail>;
  /** Also answers where the API is up and its model is not. */
  health(signal?: AbortSignal): Promise<Health>;
}

export interface ApiOptions {
  apiUrl: string;
  fetch?: typeof globalThis.fetch;
  /** The bearer token to send, `null` for none. */
  token?: () => Promise<string | null>;
  /** The API refused the token. */
  onUnauthorized?: () => void;
}

/** Every method throws `ApiError`, and an `AbortError` when its signal says so. */
export function createApi({ apiUrl, fetch, token, onUnauthorized }: ApiOptions): Api {
  const client = createClient<paths>({ baseUrl: apiUrl, ...(fetch && { fetch }) });
  client.use({
    async onRequest({ request }) {
      const bearer = await token?.();
      if (bearer) request.headers.set("Authorization", `Bearer ${bearer}`);
      return request;
    },
    onResponse({ response }) {
      if (response.status === 401) onUnauthorized?.();
    },
  });

  return {
    predict: (file, signal) =>
      unwrap(signal, PREDICT_TIMEOUT_MS, (bounded) =>
        client.POST("/predict", {
          params: { query: { explain: true } },
          // The description can only say "binary text"; what travels is the file itself.
          body: { file: file as unknown as string },
          bodySerializer: () => multipart(file),
          signal: bounded,
        }),
      ),
    logs: (query, signal) =>
      unwrap(signal, READ_TIMEOUT_MS, (bounded) =>
        client.GET("/logs", { params: { query }, signal: bounded }),
      ),
    prediction: (id, signal) =>
      unwrap(signal, READ_TIMEOUT_MS, (bounded) =>
        client.GET("/predictions/{id}", { params: { path: { id } }, signal: bounded }),
      ),
    health: (signal) =>
      unwrap(signal, READ_TIMEOUT_MS, async (bounded) => {
        const answer = await client.GET("/health", { signal: bounded });
        const unavailable = isHealth(answer.error) ? answer.error : undefined;
        return { ...answer, data: answer.data ?? unavailable };
      }),
  };
}

interface Answer<Data> {
  data?: Data | undefined;
  error?: unknown;
  response: Response;
}

async function unwrap<Data>(
  signal: AbortSignal | undefined,
  timeoutMs: number,
  call: (signal: AbortSignal) => Promise<Answer<Data>>,
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

function multipart(file: File): FormData {
  const form = new FormData();
  form.append("file", file);
  return form;
}

function isHealth(body: unknown): body is Health {
  return typeof body === "object" && body !== null && "labels" in body;
}
