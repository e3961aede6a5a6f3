import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { LogEntry } from "visionflow-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { join, merge } from "../../src/records/feed/feed";
import { FakeApi } from "../fakeApi";
import { record } from "../records";
import { renderDashboard } from "../render";

const COUNT = 100_000;
const tall = window.innerHeight;

describe("100,000 records", () => {
  it("take in what arrives without comparing and sorting them all", () => {
    let compared = 0;
    const older = Array.from({ length: COUNT }, (_, n) => {
      const { id, ...rest } = record(COUNT - n);
      return Object.defineProperty(rest as LogEntry, "id", {
        get: () => {
          compared += 1;
          return id;
        },
      });
    });
    const newer = [record(COUNT + 2), record(COUNT + 1), record(COUNT)];
    const rows = join(newer, older);
    expect(compared).toBeLessThan(10);
    expect(rows).toHaveLength(COUNT + 2);
    expect(rows.slice(0, 4).map(({ id }) => id)).toEqual(
      merge(newer, older.slice(0, 10))
        .slice(0, 4)
        .map(({ id }) => id),
    );
  });
});

describe("a long list", () => {
  let fake: FakeApi;
  beforeEach(() => {
    window.innerHeight = 800;
    fake = new FakeApi();
    fake.records = Array.from({ length: 2_000 }, (_, n) => record(n));
  });
  afterEach(() => {
    window.innerHeight = tall;
  });

  const rows = () => screen.queryAllByTestId("history-row");

  it("keeps only the rows near the window in the document, at any place", async () => {
    renderDashboard(fake, "/history");
    await screen.findAllByTestId("history-row");
    expect(rows().length).toBeLessThan(40);
    for (let scrolled = 2_000; scrolled <= 12_000; scrolled += 2_000) {
      act(() => {
        Object.assign(window, { scrollY: scrolled });
        fireEvent.scroll(window);
      });
      await waitFor(() => {
        const list = screen.getByTestId("history-list");
        expect(Number.parseInt(list.style.height)).toBeGreaterThan(scrolled + 800);
      });
    }
    expect(rows().length).toBeLessThan(40);
    expect(rows().some((row) => row.dataset.id === "s3-001999")).toBe(false);
    Object.assign(window, { scrollY: 0 });
  });

  it("is a grid on request, in the address too", async () => {
    renderDashboard(fake, "/history");
    await userEvent.click(await screen.findByTestId("view-grid"));
    expect(await screen.findByTestId("history-grid")).toBeInTheDocument();
    expect(window.location.hash).toBe("#/history?view=grid");
  });
});

describe("filters in the address", () => {
  it("reach the API, confidence apart, which the page applies itself", async () => {
    const fake = new FakeApi();
    fake.records = [
      record(1, { confidence: 0.95 }),
      record(2, { confidence: 0.5 }),
      record(3, { source: "api", confidence: 0.95 }),
    ];
    renderDashboard(
      fake,
      "/history?source=s3&model=starter/1.0.0&min=0.9&from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z",
    );
    await waitFor(() => {
      expect(screen.getAllByTestId("history-row").map((row) => row.dataset.id)).toEqual([
        "s3-000001",
      ]);
    });
    const asked = new URL(fake.requests.find(({ url }) => url.includes("/logs"))?.url ?? "");
    expect(Object.fromEntries(asked.searchParams)).toMatchObject({
      source: "s3",
      model: "starter/1.0.0",
      from: "2026-03-01T00:00:00.000Z",
      to: "2026-03-02T00:00:00.000Z",
    });
    expect(screen.getByTestId("filter-min")).toHaveValue("90");
  });
});

describe("an export", () => {
  it("hands over the filtered rows as a file", async () => {
    const fake = new FakeApi();
    fake.records = [record(1), record(2, { status: "failed" })];
    const made = vi.fn<(blob: Blob) => string>(() => "blob:export");
    URL.createObjectURL = made;
    const clicked = vi.spyOn(HTMLAnchorElement.prototype, "click").mockReturnValue();
    renderDashboard(fake, "/history?status=failed");
    await screen.findByTestId("history-row");
    await userEvent.click(screen.getByTestId("export-csv"));
    await waitFor(() => {
      expect(made).toHaveBeenCalled();
    });
    // The header, one row and nothing of the row that does not match.
    const [file] = made.mock.lastCall ?? [];
    expect(file?.type).toBe("text/csv");
    expect(file?.size).toBeGreaterThan(250);
    expect(file?.size).toBeLessThan(500);
    expect(clicked).toHaveBeenCalledOnce();
  });
});
