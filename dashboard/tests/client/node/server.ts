import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Received {
  method: string;
  url: string;
  authorization: string | undefined;
  key: string | undefined;
  body: string;
  bytes: number;
}

/** `"break"`: the connection ends without an answer; `"tear"`: within a good one. */
export type Reply =
  "break" | "tear" | { status: number; body?: unknown; headers?: Record<string, string> };

export interface Server {
  url: string;
  requests: Received[];
  close(): Promise<void>;
}

/** A real HTTP server that answers as `reply` says; `n` counts the requests, from 1 on. */
export async function startServer(reply: (request: Received, n: number) => Reply): Promise<Server> {
  const requests: Received[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts);
      const received = {
        method: request.method ?? "",
        url: request.url ?? "",
        authorization: request.headers.authorization,
        key: request.headers["idempotency-key"] as string | undefined,
        body: body.subarray(0, 10_000).toString(),
        bytes: body.length,
      };
      requests.push(received);
      answer(response, reply(received, requests.length));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

function answer(response: ServerResponse, reply: Reply): void {
  if (reply === "break") {
    response.destroy();
    return;
  }
  if (reply === "tear") {
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "1000" });
    response.write('{"items": [', () => response.destroy());
    return;
  }
  const { status, body, headers } = reply;
  response.writeHead(status, {
    "Content-Type": status < 400 ? "application/json" : "application/problem+json",
    ...headers,
  });
  response.end(body === undefined ? "" : JSON.stringify(body));
}

/** A problem as the API answers it. */
export function refusal(status: number, code: string, headers: Record<string, string> = {}): Reply {
  const retryable = status === 429 || status >= 500;
  return { status, headers, body: { status, code, detail: `Detail of ${code}.`, retryable } };
}
