import {
  type AliasMove,
  type ApiKey,
  type AuditEntry,
  type Costs,
  type DailyStats,
  type ErasedOwner,
  type Explanation,
  type FeedbackRequest,
  type HookRequest,
  type HookState,
  type Job,
  type KeyRequest,
  type LogEntry,
  type LogPage,
  type Me,
  type ModelList,
  modelRef,
  type MonthCost,
  type MovePreview,
  type NewKey,
  type Page,
  type PredictAnswer,
  type PromotionRule,
  readRef,
  type RollbackRule,
  type ServiceStatus,
  type Stats,
  type TrainingOptions,
  type Undoable,
} from "visionflow-client";

import { isRight } from "../src/records/feedback/verdict";
import { apiKey, hookState, me } from "./callers";
import { FakeBackfills } from "./fakeBackfills";
import { FakeDevices } from "./fakeDevices";
import { FakeDatasets } from "./fakeDatasets";
import { previewOf } from "./preview";
import { feedback } from "./records";
import { detail } from "./registry";

type Handler = (request: Request, url: URL) => Response | Promise<Response>;

/**
 * The API behind its HTTP face, in memory: the real client talks to it through `fetch`.
 * Pages and filters as the real one does: newest first, a cursor that names the last row.
 * What is `null` here the API does not offer, and answers as a gateway without that route.
 */
export class FakeApi {
  readonly url = "http://api.test";
  records: LogEntry[] = [];
  status: ServiceStatus = {
    status: "ok",
    model: { name: "starter", version: "1.0.0" },
    labels: ["cat", "dog"],
    parents: {},
    uptime_s: 1,
    reason: null,
  };
  /** What `POST /predict` answers. */
  prediction: PredictAnswer | Response | null = null;
  /** Of every record; null: the originals are no longer kept. */
  imageUrl: string | null = "http://images.test/original.jpg";
  /** Ids of records whose thumbnails were asked for, request by request; and those without one. */
  readonly drawn: string[][] = [];
  readonly undrawn: string[] = [];
  /** How many thumbnails a request has time for. */
  drawnAtOnce = Infinity;
  /** The heatmap of every record. */
  explanation: Explanation | null = null;
  models: ModelList | null = null;
  /** What the next move would change, in place of what `previewOf` knows. */
  preview: Partial<MovePreview> = {};
  /** The report of every version, instead of the real one in `data`. */
  report: object | undefined;
  /** The files of every version, by their paths. */
  files: Record<string, string> = {};
  moves: AliasMove[] = [];
  rule: RollbackRule | null = null;
  promotionRule: PromotionRule | null = null;
  me: Me | null = me();
  keys: ApiKey[] = [];
  hooks: HookState[] = [];
  audit: AuditEntry[] = [];
  /** The parts in which an owner's records are erased. */
  erasures: ErasedOwner[] = [];
  /** What of a record that is read the caller may take back. */
  undoable: Undoable | null = null;
  /** What counts after somebody has given feedback; that feedback where it is `null`. */
  standing: Record<string, unknown> | null = null;
  stats: Stats | null = null;
  costs: Costs | null = null;
  dailyStats: DailyStats | null = null;
  monthCost: MonthCost | null = null;
  jobs: Job[] | null = null;
  trainingOptions: TrainingOptions | null = null;
  uncertain: LogEntry[] | null = null;
  readonly datasets = new FakeDatasets();
  readonly backfills = new FakeBackfills();
  readonly devices = new FakeDevices();
  /** Answers of particular requests, `null` where the usual one is to come. */
  failing: ((path: string, method: string) => Response | Promise<Response | null> | null) | null =
    null;
  /** Nothing listens any more. */
  down = false;
  /** How long it thinks about each request, milliseconds. */
  delay = 0;
  readonly requests: Request[] = [];

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    this.requests.push(request.clone());
    await (this.delay > 0 ? wait(this.delay, request.signal) : Promise.resolve());
    request.signal.throwIfAborted();
    if (this.down) throw new TypeError("Failed to fetch");
    const url = new URL(request.url);
    const failure = await this.failing?.(url.pathname + url.search, request.method);
    if (failure) return failure;
    const found = this.#routes.find(([known]) => known.test(`${request.method} ${url.pathname}`));
    return found ? found[1](request, url) : problem(404, "route_not_found");
  };

  count(path: string): number {
    return this.requests.filter(({ url }) => new URL(url).pathname === path).length;
  }

  /** The requests of `path` that changed something, as what they sent. */
  async sent(path: string): Promise<unknown[]> {
    const made = this.requests.filter(
      ({ url, method }) => new URL(url).pathname === path && method !== "GET",
    );
    return Promise.all(made.map(body));
  }

  readonly #routes: [RegExp, Handler][] = [
    [
      /^\w+ \/datasets/,
      async (request, url) =>
        this.datasets.answer(request.method, url, await body(request)) ??
        problem(404, "route_not_found"),
    ],
    [
      /^\w+ \/backfills/,
      async (request, url) =>
        this.backfills.answer(request.method, url, await body(request)) ??
        problem(404, "backfill_not_found"),
    ],
    [/^GET \/status$/, () => json(this.status, this.status.status === "ok" ? 200 : 503)],
    [/^GET \/logs$/, (_, { searchParams }) => json(this.#page(searchParams))],
    [
      /^POST \/predict$/,
      async (request) =>
        (await this.devices.withImage(request, this)) ??
        (this.prediction instanceof Response ? this.prediction.clone() : offered(this.prediction)),
    ],
    [
      /^POST \/predictions$/,
      async (request) => this.devices.withoutImages(await body(request), this),
    ],
    [/^GET \/predictions\/.+\/feedback$/, (_, url) => json({ items: this.devices.said(url) })],
    [/^POST \/predictions\/.+\/feedback$/, (request, url) => this.#feedback(request, url)],
    [/^DELETE \/predictions\/.+\/feedback$/, (_, url) => this.#withdraw(url)],
    [/^GET \/predictions\/[^/]+\/explanation$/, (_, url) => this.#explanation(url)],
    [/^GET \/predictions\/[^/]+$/, (_, url) => this.#prediction(url)],
    [/^GET \/thumbnails$/, (_, url) => this.#thumbnails(url)],
    [/^GET \/uncertain$/, () => offered(this.uncertain && { items: this.uncertain })],
    [/^GET \/stats$/, () => offered(this.stats)],
    [/^GET \/costs$/, () => offered(this.costs)],
    [/^GET \/costs\/month$/, () => offered(this.monthCost)],
    [/^GET \/stats\/daily$/, () => offered(this.dailyStats)],
    [/^GET \/models$/, () => offered(this.models)],
    [/^GET \/models\/history$/, () => json({ items: this.moves, next_cursor: null })],
    [/^GET \/models\/compare$/, (_, url) => this.#compare(url)],
    [/^POST \/budget\/resume$/, () => json({ stopped: null })],
    [/^GET \/me$/, () => offered(this.me)],
    [/^GET \/keys$/, () => json({ items: this.keys })],
    [/^POST \/keys$/, (request) => this.#createKey(request)],
    [/^DELETE \/keys\/.+$/, (_, url) => this.#revokeKey(url)],
    [/^GET \/hooks$/, () => json({ items: this.hooks, waiting: 3, dead: 1, event_bus: "bus" })],
    [/^POST \/hooks$/, (request) => this.#createHook(request)],
    [/^DELETE \/hooks\/.+$/, (_, url) => this.#removeHook(url)],
    [/^POST \/hooks\/[^/]+\/test$/, () => json({ id: "evt-1" }, 202)],
    [/^POST \/hooks\/[^/]+\/replay$/, () => json({ replayed: 1, more: false })],
    [
      /^POST \/hooks\/[^/]+\/secret$/,
      () => json({ secret: "whsec_other", both_until: "2026-03-02T10:00:00.000000Z" }, 201),
    ],
    [/^GET \/audit$/, (_, { searchParams }) => json(this.#auditPage(searchParams))],
    [/^DELETE \/predictions\/[^/]+$/, (_, url) => this.#erase(url)],
    [/^DELETE \/owners\/.+$/, () => offered(this.erasures.shift() ?? null)],
    [
      /^GET \/models\/preview$/,
      (_, url) => json(previewOf(url.searchParams, this.models, this.preview)),
    ],
    [/^GET \/models\/promotion-rule$/, () => offered(this.promotionRule)],
    [/^POST \/models\/promotion-rule$/, (request) => this.#setPromotionRule(request)],
    [/^GET \/models\/rule$/, () => offered(this.rule)],
    [/^POST \/models\/rule$/, (request) => this.#setRule(request)],
    [/^(POST|DELETE) \/models\/.+$/, () => offered(this.models)],
    [/^GET \/models\/[^/]+\/[^/]+$/, (_, url) => this.#model(url)],
    [/^GET \/training-options$/, () => offered(this.trainingOptions)],
    [/^GET \/training-jobs$/, () => offered(this.jobs && { items: this.jobs, next_cursor: null })],
    [/^(GET|POST|DELETE) \/training-jobs.*$/, (_, url) => this.#job(url)],
  ];

  #prediction({ pathname }: URL): Response {
    const found = this.records.find(({ id }) => pathname === `/predictions/${id}`);
    if (!found) return problem(404, "prediction_not_found");
    return json({
      ...found,
      image_url: this.imageUrl,
      undoable: this.undoable,
    });
  }

  #explanation({ pathname }: URL): Response {
    const found = this.records.find(({ id }) => pathname.startsWith(`/predictions/${id}/`));
    if (!found) return problem(404, "prediction_not_found");
    return json({ id: found.id, model: found.model, explanation: this.explanation });
  }

  /** A record that is not there is left out; `undrawn` has those of which none can be made. */
  #thumbnails({ searchParams }: URL): Response {
    const asked = (searchParams.get("predictions") ?? "").split(",");
    this.drawn.push(asked);
    const known = this.records.filter(({ id }) => asked.includes(id));
    const found = known.slice(0, this.drawnAtOnce);
    const items: [string, string | null][] = found.map(({ id }) => [
      id,
      this.undrawn.includes(id) ? null : `http://images.test/thumbnails/${id}.jpg`,
    ]);
    const later = known.slice(this.drawnAtOnce).map(({ id }) => id);
    return json({ items: Object.fromEntries<string | null>(items), later });
  }

  async #feedback(request: Request, { pathname }: URL): Promise<Response> {
    const { label, from_queue = false } = (await body(request)) as FeedbackRequest;
    this.devices.note(pathname, label, this.me?.name ?? "anonymous");
    return this.#judged(pathname, (known) =>
      feedback(label, { at: known.created_at, from_queue, ...this.standing }),
    );
  }

  #withdraw({ pathname }: URL): Response {
    return this.#judged(pathname, ({ feedback: given }) => (given ? null : undefined));
  }

  /** Keeps what `change` makes of a record's feedback; `undefined`: there is none to take back. */
  #judged(
    pathname: string,
    change: (record: LogEntry) => LogEntry["feedback"] | undefined,
  ): Response {
    const id = pathname.split("/").at(-2);
    const known = [...this.records, ...(this.uncertain ?? [])].find((record) => record.id === id);
    if (!known) return problem(404, "prediction_not_found");
    const said = change(known);
    if (said === undefined) return problem(404, "feedback_not_found");
    const told = (entry: LogEntry) => (entry.id === id ? { ...entry, feedback: said } : entry);
    this.records = this.records.map(told);
    this.uncertain &&= this.uncertain.map(told);
    return json({ ...told(known), undoable: null });
  }

  #model({ pathname }: URL): Response {
    const found = this.models?.items.find((item) => pathname === `/models/${modelRef(item)}`);
    if (!found) return problem(404, "model_not_found");
    return json({ ...detail(found, this.report), files: this.files });
  }

  async #setRule(request: Request): Promise<Response> {
    this.rule = (await body(request)) as RollbackRule;
    return json(this.rule);
  }

  async #setPromotionRule(request: Request): Promise<Response> {
    this.promotionRule = (await body(request)) as PromotionRule;
    return json(this.promotionRule);
  }

  async #createKey(request: Request): Promise<Response> {
    const wanted = (await body(request)) as KeyRequest;
    const made = apiKey("newkey22", {
      name: wanted.name,
      scopes: wanted.scopes,
      requests_per_minute: wanted.requests_per_minute ?? null,
      requests_per_month: wanted.requests_per_month ?? null,
    });
    this.keys = [made, ...this.keys];
    const answer: NewKey = { ...made, key: `vf_${made.prefix}_${"s".repeat(52)}` };
    return json(answer, 201);
  }

  #revokeKey({ pathname }: URL): Response {
    const prefix = pathname.split("/").at(-1);
    const revoked_at = "2026-03-01T10:00:00.000000Z";
    this.keys = this.keys.map((key) => (key.prefix === prefix ? { ...key, revoked_at } : key));
    const found = this.keys.find((key) => key.prefix === prefix);
    return found ? json(found) : problem(404, "key_not_found");
  }

  async #createHook(request: Request): Promise<Response> {
    const wanted = (await body(request)) as HookRequest;
    const made = hookState(wanted.name, { target: wanted.target });
    this.hooks = [...this.hooks, made];
    return json({ ...made, secret: "whsec_new" }, 201);
  }

  #removeHook({ pathname }: URL): Response {
    const name = pathname.split("/").at(-1);
    const found = this.hooks.find((hook) => hook.name === name);
    this.hooks = this.hooks.filter((hook) => hook.name !== name);
    return found ? json(found) : problem(404, "hook_not_found");
  }

  #erase({ pathname }: URL): Response {
    const id = pathname.split("/").at(-1);
    const before = this.records.length;
    this.records = this.records.filter((record) => record.id !== id);
    return this.records.length < before ? json({ id }) : problem(404, "prediction_not_found");
  }

  /** Newest first, two entries a page, whatever the limit. */
  #auditPage(query: URLSearchParams): Page<AuditEntry> {
    const matching = this.audit
      .filter(({ at }) => at >= (query.get("from") ?? "") && at <= (query.get("to") ?? "~"))
      .sort((a, b) => (a.at < b.at ? 1 : -1));
    const start = Number(query.get("cursor") ?? 0);
    const end = start + 2;
    const next_cursor = end < matching.length ? String(end) : null;
    return { items: matching.slice(start, end), next_cursor };
  }

  #compare({ searchParams }: URL): Response {
    const models = (searchParams.get("models") ?? "").split(",");
    const items = models.map((text, index) => ({
      ...readRef(text),
      n: 100 + index,
      unknown: 10,
      unsure: 6,
      unfamiliar: 4,
      errors: 0,
      compared: 50,
      agreement: 0.94,
      mean_confidence: 0.9,
      confidence_shift: 0,
      p50_ms: 12,
      p95_ms: 20,
      feedback: null,
    }));
    return json({ items, first_day: "2026-03-01", last_day: "2026-03-01" });
  }

  #job({ pathname }: URL): Response {
    const id = pathname.split("/")[2];
    const found = id === undefined ? this.jobs?.[0] : this.jobs?.find((job) => job.id === id);
    return found ? json(found) : problem(404, "job_not_found");
  }

  #page(query: URLSearchParams): LogPage {
    const limit = Number(query.get("limit"));
    const wanted = (name: string, value: string | null | undefined) =>
      !query.has(name) || value === query.get(name);
    const matching = this.records
      .filter(({ label }) => wanted("label", label))
      .filter(({ status }) => wanted("status", status))
      .filter(({ source }) => wanted("source", source))
      .filter(({ filename }) => holds(filename, query.get("filename")))
      .filter((entry) => isSaid(entry, query.get("feedback")))
      .filter(({ model }) => wanted("model", model ? modelRef(model) : null))
      .filter(({ created_at }) => created_at >= (query.get("from") ?? ""))
      .filter(({ created_at }) => created_at <= (query.get("to") ?? "~"))
      .sort((a, b) => (position(a) < position(b) ? 1 : -1))
      .filter((row) => position(row) < (query.get("cursor") ?? "~"));
    const items = matching.slice(0, limit);
    const last = items.at(-1);
    return { items, next_cursor: last && matching.length > limit ? position(last) : null };
  }
}

async function body(request: Request): Promise<unknown> {
  const text = await request.clone().text();
  return text === "" ? {} : JSON.parse(text);
}

function offered(answer: object | null): Response {
  return answer === null ? problem(404, "route_not_found") : json(answer);
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function holds(filename: string | null | undefined, part: string | null): boolean {
  return part === null || (filename ?? "").toLowerCase().includes(part.toLowerCase());
}

export function problem(status: number, code: string): Response {
  const body = {
    type: `urn:visionflow:problem:${code}`,
    title: code,
    status,
    detail: `Detail of ${code}.`,
    code,
    request_id: "request-1",
    retryable: status >= 500 || status === 429,
  };
  return json(body, status, "application/problem+json");
}

export function json(body: unknown, status = 200, type = "application/json"): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": type } });
}

/** As `_verdicts` of `visionflow/predictions/store.py`. */
function isSaid(entry: LogEntry, verdict: string | null): boolean {
  if (verdict === null) return true;
  if (verdict === "unanswered") return entry.feedback === null && entry.label !== null;
  if (verdict === "none") return entry.feedback !== null && entry.feedback.label === null;
  return isRight(entry) === (verdict === "right");
}

function position({ created_at, id }: LogEntry): string {
  return `${created_at}#${id}`;
}
