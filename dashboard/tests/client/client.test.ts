import { type Client, ApiError, createClient } from "visionflow-client";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { FakeApi, json, problem } from "../fakeApi";
import { answer, deviceResult, record } from "../records";

const IMAGE = new File(["pixels"], "cat.jpg", { type: "image/jpeg" });

let fake: FakeApi;
let api: Client;
beforeEach(() => {
  fake = new FakeApi();
  api = createClient({ url: fake.url, fetch: fake.fetch, retries: 0 });
});

async function failure(call: Promise<unknown>): Promise<ApiError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error("expected an ApiError", { cause: error });
  return error;
}

describe("predict", () => {
  it("posts the image as the form field `file` and asks for an explanation on request", async () => {
    fake.prediction = answer();
    await expect(api.predict(IMAGE, { explain: true })).resolves.toEqual(answer());
    const request = fake.requests[0];
    expect(request?.url).toBe("http://api.test/predict?explain=true");
    expect(request?.headers.get("Content-Type")).toMatch(/^multipart\/form-data; boundary=/);
    await expect(request?.text()).resolves.toMatch(/name="file"; filename=.*pixels/s);
  });

  it("posts what a device answered beside the image", async () => {
    fake.prediction = answer();
    const device = deviceResult("device-1");
    await api.predict(IMAGE, { device });
    const request = fake.requests[0];
    expect(request?.headers.get("Idempotency-Key")).toBe("device-1");
    const sent = await request?.text();
    expect(sent).toContain('name="device"');
    expect(sent).toContain(JSON.stringify(device));
  });

  it("turns a problem+json into an error with its code", async () => {
    fake.prediction = problem(422, "image_unreadable");
    const error = await failure(api.predict(IMAGE));
    expect(error).toMatchObject({
      code: "image_unreadable",
      status: 422,
      requestId: "request-1",
      message: "Detail of image_unreadable.",
      unreachable: false,
    });
  });

  it.each([
    [401, "unauthorized"],
    [403, "unauthorized"],
    [413, "body_too_large"],
    [429, "too_many_requests"],
    [503, "server_error"],
    [418, "unexpected_answer"],
  ])("gives API Gateway's own %i a code", async (status, code) => {
    fake.prediction = json({ message: "No" }, status);
    const error = await failure(api.predict(IMAGE));
    expect(error).toMatchObject({ code, status, message: "No" });
  });
});

describe("an API that does not answer as one", () => {
  it("is unreachable when nothing listens", async () => {
    fake.down = true;
    const error = await failure(api.logs({}));
    expect(error).toMatchObject({ code: "network_error", status: null, unreachable: true });
  });

  it("is unexpected when a page comes instead of JSON", async () => {
    fake.prediction = new Response("<html>", { headers: { "Content-Type": "text/html" } });
    const error = await failure(api.predict(IMAGE));
    expect(error).toMatchObject({ code: "unexpected_answer", unreachable: false });
  });

  it("lets an abort through as what it is", async () => {
    const abort = new AbortController();
    abort.abort();
    await expect(api.logs({}, abort.signal)).rejects.not.toBeInstanceOf(ApiError);
  });
});

describe("a limit", () => {
  const refused = (retryAfter: string | null) => {
    const answer = problem(429, "quota_exceeded");
    if (retryAfter !== null) answer.headers.set("Retry-After", retryAfter);
    fake.prediction = answer;
    return failure(api.predict(IMAGE));
  };

  it("says when it ends, in seconds or as a date", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2026-03-01T09:00:00Z") });
    expect((await refused("40")).retryAt).toBe(Date.parse("2026-03-01T09:00:40Z"));
    const date = "Sun, 01 Mar 2026 10:00:00 GMT";
    expect((await refused(date)).retryAt).toBe(Date.parse("2026-03-01T10:00:00Z"));
  });

  it.each([null, "soon"])("may not say so: %s", async (retryAfter) => {
    expect((await refused(retryAfter)).retryAt).toBeNull();
  });
});

describe("reading", () => {
  it("asks for a page with its filters", async () => {
    fake.records = [record(1), record(2, { status: "failed" })];
    const page = await api.logs({ status: "failed", limit: 20 });
    expect(page.items.map(({ id }) => id)).toEqual(["s3-000002"]);
  });

  it("tells a missing record by its code", async () => {
    expect(await failure(api.prediction("nothing"))).toMatchObject({
      code: "prediction_not_found",
    });
  });

  it("takes the 503 of a health check as the answer that it is", async () => {
    fake.status = { ...fake.status, status: "unavailable", model: null, reason: "no model" };
    await expect(api.status()).resolves.toMatchObject({
      status: "unavailable",
      reason: "no model",
    });
  });
});

describe("signed in", () => {
  it("sends the token with every request", async () => {
    api = createClient({
      url: fake.url,
      fetch: fake.fetch,
      retries: 0,
      token: () => Promise.resolve("secret"),
    });
    await api.status();
    expect(fake.requests[0]?.headers.get("Authorization")).toBe("Bearer secret");
  });

  it.each([401, 403])("reports a token that API Gateway refuses with %i", async (status) => {
    const onUnauthorized = vi.fn();
    api = createClient({ url: fake.url, fetch: fake.fetch, retries: 0, onUnauthorized });
    fake.prediction = json({ message: "No" }, status);
    await failure(api.predict(IMAGE));
    expect(onUnauthorized).toHaveBeenCalledOnce();
  });

  it("does not send people who lack a scope to sign in again", async () => {
    const onUnauthorized = vi.fn();
    api = createClient({ url: fake.url, fetch: fake.fetch, retries: 0, onUnauthorized });
    fake.prediction = problem(403, "forbidden");
    await failure(api.predict(IMAGE));
    expect(onUnauthorized).not.toHaveBeenCalled();
  });
});
