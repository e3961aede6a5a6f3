import { ask, type Answer, type Transport } from "./transport";

interface PendingRequest {
  query?: object;
  path?: Record<string, string>;
  body?: object;
}

/** A request that `schema.d.ts` does not describe yet. */
export function pending<Data>(
  client: Transport,
  method: "get" | "post" | "delete",
  path: string,
  { query, path: parameters, body }: PendingRequest,
  signal?: AbortSignal,
): Promise<Data> {
  const request = client.request as unknown as (
    method: string,
    path: string,
    init: object,
  ) => Promise<Answer<Data>>;
  return ask(signal, (bounded) =>
    request(method, path, { params: { query, path: parameters }, body, signal: bounded }),
  );
}
