import type {
  Backfill,
  BackfillComparison,
  BackfillEstimate,
  BackfillRequest,
} from "visionflow-client";

const AT = "2026-03-01T09:00:00.000000Z";

export function backfillEstimate(changes: Partial<BackfillEstimate> = {}): BackfillEstimate {
  return {
    images: 20_000,
    exact: true,
    bytes: 1_840_000_000,
    usd: 0.042,
    seconds: 620,
    items: { s3_gets: 0.008, lambda_gb_seconds: 0.03, express_executions: 0.004 },
    basis: "release",
    ...changes,
  };
}

type Changes = Omit<Partial<Backfill>, "progress"> & { progress?: Partial<Backfill["progress"]> };

/** One at work, half done. */
export function backfill(id: string, { progress, ...changes }: Changes = {}): Backfill {
  return {
    id,
    state: "running",
    reason: null,
    source: "s3://photos/2025/",
    models: ["visionflow20/1.0.0"],
    compares: false,
    into: "files",
    sample: null,
    concurrency: 8,
    max_usd: null,
    role: null,
    created_at: AT,
    started_by: "ann@team.test",
    ended_at: null,
    estimate: backfillEstimate(),
    progress: {
      listed: 20_000,
      listed_all: true,
      not_images: 3,
      ok: 9_000,
      unknown: 700,
      failed: 300,
      skipped: 0,
      left: 10_000,
      chunks: 40,
      chunks_done: 20,
      failed_codes: { image_unreadable: 280, image_too_large: 20 },
      active_seconds: 300,
      spent_usd: 0.021,
      images_per_second: 33.3,
      expected_end: "2026-03-01T09:10:00.000000Z",
      expected_seconds: 600,
      expected_usd: 0.043,
      ...progress,
    },
    results: {
      location: "s3://backfills/results/run=1/",
      database: "visionflow_local",
      table: "backfills",
      query: "SELECT label, count(*) FROM backfills GROUP BY label",
    },
    history: [
      { at: AT, by: "ann@team.test", state: "listing", code: null },
      { at: AT, by: "visionflow", state: "running", code: null },
    ],
    ...changes,
  };
}

const MOVES: Record<string, Backfill["state"]> = {
  pause: "paused",
  cancel: "cancelled",
  resume: "running",
  retry: "running",
};

/** Backfills as the API answers them, two a page whatever the limit. */
export class FakeBackfills {
  /** Newest first. */
  items: Backfill[] = [];
  estimate = backfillEstimate();
  /** Of any backfill that compares; `null`: it ended before versions were compared. */
  comparison: BackfillComparison | null = null;

  answer(method: string, { pathname, searchParams }: URL, body: unknown): Response | null {
    const [, , id, action] = pathname.split("/");
    if (id === undefined) {
      return method === "POST" ? this.#start(body as BackfillRequest) : this.#page(searchParams);
    }
    const found = this.items.find((item) => item.id === id);
    if (!found) return null;
    if (action === undefined) return json(found);
    if (action === "comparison") return this.comparison && json(this.comparison);
    const state = MOVES[action] ?? found.state;
    const event = { at: AT, by: "ann@team.test", state, code: null };
    const moved: Backfill = { ...found, state, reason: null, history: [...found.history, event] };
    this.items = this.items.map((item) => (item === found ? moved : item));
    return json(moved, 202);
  }

  #start(request: BackfillRequest): Response {
    const { estimate } = this;
    const models = request.models?.length ? request.models : ["visionflow20/1.0.0"];
    if (request.dry_run) return json({ estimate, models, backfill: null });
    const { source, into = "files" } = request;
    const made = backfill(`new${this.items.length}`, { source, into, models, estimate });
    this.items = [made, ...this.items];
    return json({ estimate, models, backfill: made }, 202);
  }

  #page(query: URLSearchParams): Response {
    const start = Number(query.get("cursor") ?? 0);
    const next_cursor = start + 2 < this.items.length ? String(start + 2) : null;
    return json({ items: this.items.slice(start, start + 2), next_cursor });
  }
}

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/json" },
  });
}
