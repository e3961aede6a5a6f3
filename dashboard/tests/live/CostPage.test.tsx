import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { clockOffset, offsetName } from "../../src/i18n/offset";
import { viewer } from "../callers";
import { FakeApi, problem } from "../fakeApi";
import { monthCost, versionCost } from "../months";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.monthCost = monthCost();
});

const tile = (name: string) => screen.findByTestId(`cost-${name}`);

describe("the month's cost", () => {
  it("says what there is so far, what is to come and by which method", async () => {
    renderDashboard(fake, "/cost");
    expect(await tile("so-far")).toHaveTextContent("$12.50day 10 of 31");
    expect(await tile("forecast")).toHaveTextContent("$40.25");
    expect(await tile("forecast")).toHaveTextContent(
      "as on the last whole days (7): images a day: 90",
    );
    expect(await tile("per-1000")).toHaveTextContent("$1.20by what flowers 1.0.0 takes here");
    expect(await tile("budget")).toHaveTextContent("25.0%of $50.00 a month");
  });

  it("gives no forecast from too few days", async () => {
    fake.monthCost = monthCost({
      forecast: { usd: null, days: 2, least_days: 3, images_per_day: null },
    });
    renderDashboard(fake, "/cost");
    expect(await tile("forecast")).toHaveTextContent(
      "Too few daysWhole days with images: 2. A forecast takes 3.",
    );
  });

  it("warns where the forecast passes the budget", async () => {
    fake.monthCost = monthCost({ budget_usd: 40 });
    renderDashboard(fake, "/cost");
    expect(await tile("budget")).toHaveTextContent("the month goes beyond it");
  });

  it("says that a version was not measured here", async () => {
    fake.monthCost = monthCost({ serving: versionCost({ ways: {} }) });
    renderDashboard(fake, "/cost");
    expect(await tile("per-1000")).toHaveTextContent("was not measured here yet");
  });

  it("names the parts, and what is not known of them", async () => {
    renderDashboard(fake, "/cost");
    const parts = within(await screen.findByTestId("cost-parts"));
    expect(parts.getByTestId("cost-part-training")).toHaveTextContent("$9.64");
    expect(parts.getByTestId("cost-part-fixed")).toHaveTextContent("$1.33");
    expect(parts.getByRole("row", { name: /Images and thumbnails · 5 GB/ })).toBeVisible();
    expect(parts.getByRole("row", { name: /Models · not measured yet.*– –/ })).toBeVisible();
    expect(parts.getByRole("row", { name: /KMS: key \$0.33 \$1.00/ })).toBeVisible();
  });

  it("tells versions of the same number by their names, with both functions as they ran", async () => {
    renderDashboard(fake, "/cost");
    const versions = within(await screen.findByTestId("cost-versions"));
    const row = versions.getByRole("row", { name: /^flowers 1.0.0 serves/ });
    expect(row).toHaveTextContent("HTTP: 42.0 ms, 1,769 MB, n = 600");
    expect(row).toHaveTextContent("S3 upload: 51.0 ms, 2,048 MB, n = 300");
    const other = versions.getByRole("row", { name: /^roses 1.0.0/ });
    expect(other).toHaveTextContent("nothing yet: our own measurements");
    expect(other).not.toHaveTextContent("serves");
  });

  it("has prices and measurements one click away, and in the address", async () => {
    renderDashboard(fake, "/cost");
    await userEvent.click(await screen.findByTestId("cost-basis"));
    expect(window.location.hash).toBe("#/cost?basis=prices");
    const dialog = screen.getByTestId("cost-basis-dialog");
    expect(dialog).toHaveTextContent("us-east-1, on demand, in US dollars for one of each");
    expect(dialog).toHaveTextContent("2026-02-01");
    expect(dialog).toHaveTextContent("starter 2.0.0 · a machine · 2026-02-02");
    expect(within(dialog).getByRole("row", { name: /S3: write 0.000005/ })).toBeVisible();
  });

  it("says whose prices stand for a region without any", async () => {
    if (fake.monthCost === null) throw new Error("the fake has a month");
    fake.monthCost.prices.instead_of = "eu-west-1";
    renderDashboard(fake, "/cost?basis=prices");
    const dialog = await screen.findByTestId("cost-basis-dialog");
    expect(dialog).toHaveTextContent("no prices for eu-west-1 here; those of us-east-1 stand");
  });

  it("says which days are those of UTC", async () => {
    renderDashboard(fake, "/cost");
    expect(await screen.findByText(/counted before this version are on their day/)).toBeVisible();
  });

  it("says that an API without the route has none", async () => {
    fake.monthCost = null;
    renderDashboard(fake, "/cost");
    expect(await screen.findByTestId("not-offered")).toHaveTextContent("GET /costs/month");
  });

  it("asks for the viewer's own days", async () => {
    const asked: string[] = [];
    fake.failing = (path) => {
      asked.push(path);
      return null;
    };
    vi.spyOn(Date.prototype, "getTimezoneOffset").mockReturnValue(-540);
    renderDashboard(fake, "/cost", "ko");
    expect(await tile("so-far")).toHaveTextContent("이번 달 누계");
    expect(asked.some((path) => path.startsWith("/costs/month?offset=540"))).toBe(true);
    vi.restoreAllMocks();
  });
});

it.each([
  [0, "UTC"],
  [540, "UTC+09:00"],
  [-210, "UTC−03:30"],
])("names clocks %i minutes ahead %s", (minutes, name) => {
  expect(offsetName(minutes)).toBe(name);
});

it("has clocks ahead of UTC in the east", () => {
  const seoul = { getTimezoneOffset: () => -540 } as Date;
  expect(clockOffset(seoul)).toBe(540);
});

describe("where each user sees their own records only", () => {
  it.each([
    ["/cost", "/costs/month"],
    ["/over-time", "/stats/daily"],
  ])("a viewer reads at %s who may see it, not an error", async (at, route) => {
    fake.me = viewer();
    fake.failing = (path) => (path.startsWith(route) ? problem(403, "forbidden") : null);
    const { container } = renderDashboard(fake, at, "ko");
    expect(await screen.findByTestId("admins-only")).toHaveTextContent(
      /관리자만 볼 수 있습니다.*본인의 기록만/,
    );
    expect(screen.queryByTestId("problem")).not.toBeInTheDocument();
    expect(container.querySelector(".skeleton")).toBeNull();
    expect(screen.queryByRole("button", { name: "다시 시도" })).not.toBeInTheDocument();
  });

  it("an account without the scope reads which one it lacks", async () => {
    fake.me = viewer({ scopes: ["predict"] });
    fake.failing = (path) => (path.startsWith("/costs/month") ? problem(403, "forbidden") : null);
    renderDashboard(fake, "/cost");
    expect(await screen.findByTestId("missing-scope")).toHaveAttribute("data-scope", "read");
    expect(screen.queryByTestId("admins-only")).not.toBeInTheDocument();
  });
});
