import type { Health, LogEntry, LogPage, PredictAnswer } from "../src/api/types";

/**
 * The API behind its HTTP face, in memory: the real client talks to it through `fetch`.
 * Pages and filters as the real one does: newest first, a cursor that names the last row.
 */
export class FakeApi {
  readonly url = "http://api.test";
  records: LogEntry[] = [];
  health: Health = {
    status: "ok",
    model: { name: "starter", version: "1.0.0" },
    labels: ["cat", "dog"],
    uptime_s: 1,
    reason: null,
  };
  /** What the next `POST /predict` answers. */
  prediction: PredictAnswer | Response | null = null;
  /** Answers of particular requests, `null` where the usual one is to come. */
  failing: ((path: string) => Response | null) | null = null;
  /** Nothing listens any more. */
  down = false;
  readonly requests: Request[] = [];

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    this.requests.push(request);
    await Promise.resolve();
    request.signal.throwIfAborted();
    if (this.down) throw new TypeError("Failed to fetch");
    const { pathname, search, searchParams } = new URL(request.url);
    const failure = this.failing?.(pathname + search);
    if (failure) return failure;
    if (pathname === "/predict" && this.prediction !== null) {
      return this.prediction instanceof Response ? this.prediction : json(this.prediction);
    }
    if (pathname === "/logs") return json(this.#page(searchParams));
    if (pathname === "/health") return json(this.health, this.health.status === "ok" ? 200 : 503);
    const found = this.records.find(({ id }) => pathname === `/predictions/${id}`);
    if (found) return json({ ...found, image_url: "http://images.test/original.jpg" });
    return problem(404, "prediction_not_found");
  };

  count(path: string): number {
    return this.requests.filter(({ url }) => new URL(url).pathname === path).length;
  }

  #page(query: URLSearchParams): LogPage {
    const limit = Number(query.get("limit"));
    const matching = this.records
      .filter(({ label }) => !query.has("label") || label === query.get("label"))
      .filter(({ status }) => !query.has("status") || status === query.get("status"))
      .filter(({ created_at }) => created_at >= (query.get("from") ?? ""))
      .sort((a, b) => (position(a) < position(b) ? 1 : -1))
      .filter((row) => position(row) < (query.get("cursor") ?? "~"));
    const items = matching.slice(0, limit);
    const last = items.at(-1);
    return { items, next_cursor: last && matching.length > limit ? position(last) : null };
  }
}

export function problem(status: number, code: string): Response {
  const body = {
    type: `urn:visionflow:problem:${code}`,
    title: code,
    status,
    detail: `Detail of ${code}.`,
    code,
    request_id: "request-1",
  };
  return json(body, status, "application/problem+json");
}

export function json(body: unknown, status = 200, type = "application/json"): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": type } });
}

function position({ created_at, id }: LogEntry): string {
  return `${created_at}#${id}`;
}
