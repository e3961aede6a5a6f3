import type { FetchOptions } from "openapi-fetch";

import type { paths } from "./generated/schema.ts";
import { type Answer, ask, type Transport, WRITE_TIMEOUT_MS } from "./transport/transport.ts";

type Method = "get" | "head" | "post" | "delete";

/** Every operation of the API, as `GET /logs`. */
export type Operation = {
  [Path in keyof paths]: {
    [M in Method]: paths[Path][M] extends object ? `${Uppercase<M>} ${Path}` : never;
  }[Method];
}[keyof paths];

type OperationOf<Name extends Operation> = Name extends `${infer M} ${infer Path}`
  ? Path extends keyof paths
    ? Lowercase<M> extends keyof paths[Path]
      ? paths[Path][Lowercase<M>]
      : never
    : never
  : never;

type Success = 200 | 201 | 202;
/** What an operation answers when it succeeds; `null` where it has no body. */
export type AnswerOf<Name extends Operation> =
  OperationOf<Name> extends { responses: infer Responses }
    ? {
        [Status in keyof Responses & Success]: Responses[Status] extends {
          content: { "application/json": infer Body };
        }
          ? Body
          : null;
      }[keyof Responses & Success]
    : never;

/** `params` and `body` of an operation, as its description has them. */
export type CallInit<Name extends Operation> = FetchOptions<OperationOf<Name>>;

type CallArguments<Name extends Operation> =
  Partial<CallInit<Name>> extends CallInit<Name> ? [init?: CallInit<Name>] : [init: CallInit<Name>];

export interface CallsApi {
  /** Any operation, for those that no method is made for. */
  call<Name extends Operation>(
    operation: Name,
    ...init: CallArguments<Name>
  ): Promise<AnswerOf<Name>>;
}

export function callsApi(transport: Transport): CallsApi {
  /** The types of one operation depend on its name, which is known to the caller only. */
  const request = transport.request as unknown as (
    method: string,
    path: string,
    init: object,
  ) => Promise<Answer<unknown>>;
  return {
    call: async <Name extends Operation>(operation: Name, ...[init]: CallArguments<Name>) => {
      const [method = "", path = ""] = operation.split(" ");
      const answer = await ask(
        init?.signal ?? undefined,
        async (signal) => {
          const answer = await request(method.toLowerCase(), path, { ...init, signal });
          return answer.response.ok ? { ...answer, data: answer.data ?? null } : answer;
        },
        WRITE_TIMEOUT_MS,
      );
      return answer as AnswerOf<Name>;
    },
  };
}
