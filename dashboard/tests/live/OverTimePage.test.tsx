import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { VersionDay } from "visionflow-client";
import { beforeEach, describe, expect, it } from "vitest";

import { daysUntil, judged, ofVersion, versionsOf } from "../../src/live/overtime/days";
import { FakeApi } from "../fakeApi";
import { versionDay } from "../months";
import { renderDashboard } from "../render";

const [BEFORE = "", YESTERDAY = "", TODAY = ""] = daysUntil(new Date(), 3);
const ROSES = { name: "roses", version: "1.0.0" };

let fake: FakeApi;
const have = (...days: VersionDay[]) => {
  fake.dailyStats = { first_day: BEFORE, last_day: TODAY, days };
};
beforeEach(() => {
  fake = new FakeApi();
  have(
    versionDay(BEFORE),
    versionDay(YESTERDAY),
    versionDay(YESTERDAY, { model: ROSES, ok: 40, unsure: 0, unfamiliar: 0, failed: 0 }),
  );
});

describe("the days before", () => {
  it("shows volume, unknown by reason, accuracy and latency", async () => {
    renderDashboard(fake, "/over-time");
    expect(await screen.findByTestId("volume")).toHaveTextContent("Images: 244 (days: 30)");
    expect(screen.getByTestId("unknown")).toHaveTextContent("16.6% unknown of 240 answered");
    expect(screen.getByTestId("accuracy")).toHaveTextContent("with feedback: n = 60");
    const latency = within(screen.getByTestId("latency"));
    const drawn = await latency.findByTestId("points");
    expect(drawn).toHaveTextContent(/flowers 1.0.0, p50.*flowers 1.0.0, p95.*roses 1.0.0, p50/);
  });

  it("keeps range and version in the address", async () => {
    renderDashboard(fake, "/over-time?range=7&version=roses%2F1.0.0");
    expect(await screen.findByTestId("volume")).toHaveTextContent("Images: 40 (days: 7)");
    const { selectOptions } = userEvent;
    await selectOptions(screen.getByTestId("over-time-range"), "90");
    expect(window.location.hash).toContain("range=90");
    await selectOptions(screen.getByTestId("over-time-version"), "flowers/1.0.0");
    expect(window.location.hash).toContain("version=flowers%2F1.0.0");
    expect(await screen.findByText("Images: 204 (days: 90)")).toBeVisible();
  });

  it("says too few to tell, instead of drawing it", async () => {
    have(
      versionDay(YESTERDAY, {
        ok: 5,
        unsure: 1,
        unfamiliar: 0,
        latency: { n: 6, p50_ms: 40, p95_ms: 41 },
        feedback: { n: 9, correct: 9, low: 0.7, high: 1 },
      }),
    );
    renderDashboard(fake, "/over-time");
    expect(await screen.findByTestId("unknown-few")).toHaveTextContent("Too few to tell");
    expect(screen.getByTestId("accuracy-few")).toHaveTextContent("fewer than 10");
    expect(screen.getByTestId("latency-few")).toBeVisible();
    expect(screen.queryByTestId("latency-chart")).not.toBeInTheDocument();
  });

  it("lists the same in words", async () => {
    renderDashboard(fake, "/over-time", "ko");
    const table = within(await screen.findByTestId("over-time-table"));
    const rows = table.getAllByRole("row", { hidden: true });
    expect(rows).toHaveLength(4);
    expect(rows[1]).toHaveTextContent(/roses 1.0.0.*20장 중 18장/);
  });

  it("has an empty state, and one for an API without the route", async () => {
    have();
    const { unmount } = renderDashboard(fake, "/over-time");
    expect(await screen.findByTestId("over-time-empty")).toBeVisible();
    unmount();
    fake.dailyStats = null;
    renderDashboard(fake, "/over-time");
    expect(await screen.findByTestId("not-offered")).toHaveTextContent("GET /stats/daily");
  });
});

describe("days", () => {
  it("end today, in UTC", () => {
    const late = new Date("2026-03-01T23:30:00Z");
    expect(daysUntil(late, 3)).toEqual(["2026-02-27", "2026-02-28", "2026-03-01"]);
  });

  it("keep versions of one number apart", () => {
    const rows = [versionDay(TODAY, { model: ROSES }), versionDay(TODAY, { ok: 500 })];
    expect(versionsOf(rows)).toEqual(["flowers/1.0.0", "roses/1.0.0"]);
    expect(ofVersion(rows, "roses/1.0.0", [YESTERDAY, TODAY], ({ ok }) => ok)).toEqual([null, 80]);
  });

  it("have an accuracy from ten judged images on", () => {
    const feedback = { n: 9, correct: 9, low: 0.7, high: 1 };
    expect(judged(versionDay(TODAY, { feedback }))).toBeNull();
    expect(judged(versionDay(TODAY, { feedback: { ...feedback, n: 10 } }))?.share).toBe(0.9);
  });
});
