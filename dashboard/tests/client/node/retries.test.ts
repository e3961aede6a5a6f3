import { ApiError, type Client, createClient } from "visionflow-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { answer, deviceResult, record } from "../../records";
import { type Received, refusal, type Reply, type Server, startServer } from "./server";

const IMAGE = new File(["pixels"], "cat.jpg", { type: "image/jpeg" });
const LARGE = new Uint8Array(4_400_001);
const PAGE: Reply = { status: 200, body: { items: [], next_cursor: null } };
const ANSWER: Reply = { status: 200, body: answer() };

let reply: (request: Received, n: number) => Reply;
let server: Server;
let client: Client;
beforeEach(async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.001); // a short back-off
  server = await startServer((request, n) => reply(request, n));
  client = createClient({ url: server.url });
});
afterEach(() => server.close());

/** The first `faults` requests fail, the others are answered by `then`. */
function failing(fault: Reply, then: Reply, faults = 1): void {
  reply = (_, n) => (n <= faults ? fault : then);
}

async function failure(call: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error("expected an ApiError", { cause: error });
  return error;
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const PASSING: [string, Reply][] = [
  ["429 quota_exceeded", refusal(429, "quota_exceeded", { "Retry-After": "0" })],
  ["429 of the gateway", { status: 429, body: { message: "Too Many Requests" } }],
  ["502 of the gateway", { status: 502, body: { message: "Internal server error" } }],
  ["503 model_unavailable", refusal(503, "model_unavailable")],
  ["504 of the gateway", { status: 504, body: { message: "Endpoint request timed out" } }],
  ["a broken connection", "break"],
  ["an answer that breaks off", "tear"],
];

describe.each(PASSING)("after %s", (name, fault) => {
  it("reads again", async () => {
    failing(fault, PAGE, 2);
    await expect(client.logs({})).resolves.toEqual({ items: [], next_cursor: null });
    expect(server.requests).toHaveLength(3);
  });

  it("classifies again under the same key", async () => {
    failing(fault, ANSWER);
    await expect(client.classify(IMAGE)).resolves.toMatchObject({ label: answer().label });
    const keys = server.requests.map(({ key }) => key);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys[1]).toBe(keys[0]);
    expect(server.requests[1]?.body).toContain("pixels");
  });

  it("sends what a device answered again, under the device's id and without an image", async () => {
    const device = deviceResult("device-1");
    failing(fault, ANSWER);
    await client.classify(IMAGE, { device, key: "another" });
    expect(server.requests.map(({ key }) => key)).toEqual(["device-1", "device-1"]);
    expect(server.requests[1]?.body).toContain(JSON.stringify(device));
    const seen = { filename: null, width: 4, height: 3, milliseconds: 20.5 };
    const taken = { device_id: "device-1", id: "key-1", outcome: "recorded", error: null };
    failing(fault, { status: 200, body: { items: [taken] } }, 3);
    await expect(client.recordPredictions([{ ...device, ...seen }])).resolves.toEqual([taken]);
    expect(JSON.parse(server.requests.at(-1)?.body ?? "")).toEqual({
      records: [{ ...device, ...seen }],
    });
  });

  it("starts a backfill again under the same key", async () => {
    failing(fault, { status: 202, body: { backfill: null } });
    await client.startBackfill({ source: "s3://b/in/" });
    const keys = server.requests.map(({ body }) => (JSON.parse(body) as { key: string }).key);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys).toEqual([keys[0], keys[0]]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["a change", () => client.startJob({ config: "quick", data: "s3://b/d", name: "m" } as never)],
    ["a deletion", () => client.withdrawFeedback("s3-1")],
  ])("does %s again only if it was not done", async (_, call) => {
    failing(fault, { status: 200, body: {} });
    if (name.startsWith("429")) await call();
    else await failure(call());
    expect(server.requests).toHaveLength(name.startsWith("429") ? 2 : 1);
  });
});

it.each<[string, Reply]>([
  ["what is at fault", refusal(422, "invalid_parameter")],
  ["a missing record", refusal(404, "prediction_not_found")],
  ["a bug", refusal(500, "internal_error")],
  ["a spent budget", refusal(429, "budget_stopped")],
  ["a quota per month", refusal(429, "quota_exceeded", { "Retry-After": "86400" })],
])("does not repeat %s", async (_, fault) => {
  failing(fault, PAGE);
  await failure(client.logs({}));
  expect(server.requests).toHaveLength(1);
});

it("gives up after four repeats, with the last error", async () => {
  failing(refusal(503, "unavailable"), PAGE, 9);
  expect(await failure(client.logs({}))).toMatchObject({ code: "unavailable", status: 503 });
  expect(server.requests).toHaveLength(5);
});

it("starts a backfill once under a key of an earlier run", async () => {
  failing("break", { status: 202, body: { backfill: null } });
  await client.startBackfill({ source: "s3://b/in/", key: "nightly" });
  expect(server.requests.map(({ body }) => JSON.parse(body) as object)).toMatchObject([
    { key: "nightly" },
    { key: "nightly" },
  ]);
});

it("repeats nothing on request", async () => {
  client = createClient({ url: server.url, retries: 0 });
  failing(refusal(503, "unavailable"), PAGE);
  await failure(client.logs({}));
  expect(server.requests).toHaveLength(1);
});

it("waits as long as Retry-After says", async () => {
  const waits = vi.spyOn(globalThis, "setTimeout");
  failing(refusal(429, "quota_exceeded", { "Retry-After": "1" }), PAGE);
  await client.logs({});
  const longest = Math.max(...waits.mock.calls.map(([, ms]) => ms ?? 0).filter((ms) => ms < 9000));
  expect(longest).toBeGreaterThan(900);
});

it("stops waiting when its signal says so", async () => {
  const abort = new AbortController();
  reply = () => {
    setTimeout(() => {
      abort.abort();
    }, 10);
    return refusal(429, "quota_exceeded", { "Retry-After": "60" });
  };
  await expect(client.logs({}, abort.signal)).rejects.toMatchObject({ name: "AbortError" });
  expect(server.requests).toHaveLength(1);
});

describe("an image too large for a direct call", () => {
  const ID = record(1).id;
  const form = () => ({
    status: 201,
    body: { id: ID, url: `${server.url}/bucket`, headers: { "Content-Type": "image/jpeg" } },
  });
  const there: Reply = { status: 200, body: record(1) };
  let puts: Reply[];
  let reads: Reply[];
  beforeEach(() => {
    puts = [];
    reads = [];
    reply = ({ method, url }) => {
      if (url === "/uploads") return form();
      if (method === "PUT") return puts.shift() ?? { status: 200 };
      return reads.shift() ?? there;
    };
  });
  const asked = () => server.requests.map(({ method, url }) => `${method} ${url}`);

  it("goes through the bucket, and its record is of the same kind", async () => {
    reads = [refusal(404, "prediction_not_found")];
    const sent: number[] = [];
    const found = await client.classify(LARGE, { onSent: (share) => sent.push(share) });
    expect(found).toMatchObject({ id: ID, explanation: null, prediction_set: null });
    expect(asked()).toEqual([
      "POST /uploads",
      "PUT /bucket",
      `GET /predictions/${ID}`,
      `GET /predictions/${ID}`,
    ]);
    expect(server.requests[1]?.bytes).toBe(LARGE.length);
    expect(sent).toEqual([0, 1]);
  });

  it("is sent again after a broken connection, once: the bucket may have it", async () => {
    puts = ["break", { status: 412 }];
    await expect(client.classify(LARGE)).resolves.toMatchObject({ id: ID });
    expect(asked().filter((one) => one.startsWith("PUT"))).toHaveLength(2);
  });

  it.each([403, 412])("fails where the bucket refuses it at once with %i", async (status) => {
    puts = [{ status }];
    expect(await failure(client.classify(LARGE))).toMatchObject({ code: "upload_refused", status });
  });

  it("goes that way too where the gateway's limit is smaller", async () => {
    const usual = reply;
    reply = (request, n) =>
      request.url.startsWith("/predict?") ? refusal(413, "body_too_large") : usual(request, n);
    await expect(client.classify(IMAGE)).resolves.toMatchObject({ id: ID });
    expect(asked()[1]).toBe("POST /uploads");
  });
});

describe("a list", () => {
  it("reads page after page, with filters, over empty ones", async () => {
    const pages = [
      { items: [record(1)], next_cursor: "a" },
      { items: [], next_cursor: "b" },
      { items: [record(2)], next_cursor: null },
    ];
    reply = (_, n) => ({ status: 200, body: pages[n - 1] });
    const found: string[] = [];
    for await (const { id } of client.predictions({ label: "daisy" })) found.push(id);
    expect(found).toEqual([record(1).id, record(2).id]);
    expect(server.requests.map(({ url }) => url)).toEqual([
      "/logs?label=daisy",
      "/logs?label=daisy&cursor=a",
      "/logs?label=daisy&cursor=b",
    ]);
  });

  it("asks for no page that nobody reads", async () => {
    reply = () => ({ status: 200, body: { items: [record(1), record(2)], next_cursor: "a" } });
    for await (const one of client.predictions()) {
      expect(one.id).toBe(record(1).id);
      break;
    }
    expect(server.requests).toHaveLength(1);
  });

  it("goes through parts of a path", async () => {
    reply = () => PAGE;
    const images = client.list("/datasets/{name}/images", { path: { name: "my set" } });
    await expect(all(images)).resolves.toEqual([]);
    expect(server.requests[0]?.url).toBe("/datasets/my%20set/images");
  });

  it("ends with an error where a cursor comes back for ever", async () => {
    reply = () => ({ status: 200, body: { items: [record(1)], next_cursor: "a" } });
    await expect(all(client.predictions())).rejects.toMatchObject({
      code: "unexpected_answer",
    });
  });
});
