import { act, screen, within } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { FakeApi, problem } from "../fakeApi";
import { record } from "../records";
import { costs, stats } from "../registry";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true, now: Date.parse("2026-03-01T09:10:00Z") });
  fake = new FakeApi();
});

const seconds = (count: number) => act(() => vi.advanceTimersByTimeAsync(count * 1000));
const shownIds = () => screen.queryAllByTestId("live-item").map((item) => item.dataset.id);
const tile = (name: string) => within(screen.getByTestId(`live-${name}`));

describe("the live page", () => {
  it("shows an image within 3 s of its record", async () => {
    fake.records = [record(1)];
    renderDashboard(fake, "/");
    await screen.findByTestId("live-item");
    fake.records.push(record(2, { label: "dog" }));
    await seconds(2.9);
    expect(shownIds()).toEqual(["s3-000002", "s3-000001"]);
    expect(screen.getByTestId("live-labels")).toHaveTextContent("dog50.0%");
  });

  it("shows rate, latency, shares and cost", async () => {
    fake.records = [record(400), record(401, { status: "unknown" }), record(402)];
    fake.costs = costs({ today: 1.25, per_1000: 0.0123 });
    fake.stats = stats();
    renderDashboard(fake, "/");
    expect(await screen.findByText("$1.25")).toBeVisible();
    expect(tile("cost-1000").getByText("$0.012")).toBeVisible();
    expect(await tile("rate").findByText("0.6")).toBeVisible();
    expect(tile("p50").getByText("9.4 ms")).toBeVisible();
    expect(tile("unknown").getByText("33.3%")).toBeVisible();
    expect(await screen.findByText("Total: 100")).toBeVisible();
    expect(screen.getByTestId("live-reasons")).toHaveTextContent(
      "Unknown because unsure: 5, because unfamiliar: 3.",
    );
  });

  it("says that costs are not available where the API has none", async () => {
    renderDashboard(fake, "/");
    await screen.findByTestId("live-empty");
    await seconds(1);
    expect(tile("cost-today").getByText("not available")).toBeVisible();
  });

  it("says plainly that the API is gone, keeps what it has, and recovers by itself", async () => {
    fake.records = [record(1)];
    renderDashboard(fake, "/", "ko");
    await screen.findByTestId("live-item");
    fake.down = true;
    await seconds(3);
    expect(screen.getByTestId("live-status")).toHaveTextContent("API에 연결할 수 없습니다");
    expect(shownIds()).toEqual(["s3-000001"]);
    fake.down = false;
    fake.records.push(record(2));
    await seconds(3);
    expect(screen.getByTestId("live-status")).toHaveAttribute("data-state", "live");
    expect(shownIds()).toEqual(["s3-000002", "s3-000001"]);
  });

  it.each([
    [403, "forbidden"],
    [429, "too_many_requests"],
    [500, "internal_error"],
  ])("tells an API that answers %i from one that is gone", async (status, code) => {
    fake.failing = (path) => (path.startsWith("/logs") ? problem(status, code) : null);
    renderDashboard(fake, "/");
    expect(await screen.findByTestId("live-status")).toHaveTextContent(
      "The API answers with an error",
    );
  });

  it("asks nothing while the tab is hidden", async () => {
    fake.records = [record(1)];
    renderDashboard(fake, "/");
    await screen.findByTestId("live-item");
    vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    document.dispatchEvent(new Event("visibilitychange"));
    await seconds(1);
    const before = fake.requests.length;
    await seconds(120);
    expect(fake.requests.length).toBe(before);
  });
});
