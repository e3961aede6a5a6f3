import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import type { LogEntry } from "visionflow-client";

import { toCsv, toJson } from "../../src/history/export/export";
import { FakeApi } from "../fakeApi";
import { record } from "../records";
import { registry, stats } from "../registry";
import { renderDashboard } from "../render";

const MADE = "2026-02-28T23:00:00.000000Z";

/** What a device answered, whose image stayed there. */
function alone(n: number): LogEntry {
  const made = record(n, { source: "api", origin: "browser", made_at: MADE });
  const none = { bucket: null, key: null, version_id: null, bytes: null, sha256: null };
  return {
    ...made,
    thumbnail_key: null,
    thumbnail_url: null,
    image: { ...made.image, ...none },
    timings: { device: 40 },
  };
}

/** What a device answered and sent with its image. */
function compared(n: number, best: string, version = "1.0.0"): LogEntry {
  const answer = { status: "ok", label: best, confidence: 0.8, unknown_reason: null } as const;
  return record(n, {
    source: "api",
    origin: "edge",
    made_at: MADE,
    device: { ...answer, best, best_confidence: 0.8, model: { name: "starter", version } },
  });
}

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
});

describe("where a record was made", () => {
  it.each([
    ["en", "Device (browser)", "Edge device"],
    ["ko", "기기(브라우저)", "엣지 기기"],
  ] as const)(
    "stands in the history and can be asked for (%s)",
    async (language, browser, edge) => {
      fake.records = [record(1), alone(2), compared(3, "cat")];
      renderDashboard(fake, "/history", language);
      const rows = await screen.findAllByTestId("history-row");
      const places = rows.map((row) => within(row).getByTestId("row-source").textContent);
      expect(places.slice(0, 2)).toEqual([edge, browser]);
      expect(rows.map((row) => within(row).queryByTestId("origin-mark")?.dataset.origin)).toEqual([
        "edge",
        "browser",
        undefined,
      ]);
      await userEvent.selectOptions(screen.getByTestId("filter-origin"), "browser");
      await expect
        .poll(() => fake.requests.some(({ url }) => url.includes("origin=browser")))
        .toBe(true);
    },
  );

  it("is kept in the address", async () => {
    renderDashboard(fake, "/history?origin=edge");
    expect(await screen.findByTestId("filter-origin")).toHaveValue("edge");
    expect(fake.requests.some(({ url }) => url.includes("origin=edge"))).toBe(true);
  });

  it("is in the grid of images too", async () => {
    fake.records = [alone(1)];
    renderDashboard(fake, "/history?view=grid");
    expect(await screen.findByTestId("origin-mark")).toHaveTextContent("Device (browser)");
  });

  it("is exported", () => {
    const [head, first] = toCsv([compared(1, "dog")]).split("\r\n");
    const columns = head?.replace("\ufeff", "").split(",") ?? [];
    const values = first?.split(",") ?? [];
    const value = (name: string) => values[columns.indexOf(name)];
    expect(["origin", "made_at", "device_label", "device_confidence"].map(value)).toEqual([
      "edge",
      MADE,
      "dog",
      "0.8",
    ]);
    expect(JSON.parse(toJson([alone(1)]))).toMatchObject([{ origin: "browser", made_at: MADE }]);
  });

  it("is counted for the day, once a device has sent something", async () => {
    fake.stats = stats({ by_origin: { cloud: 80, browser: 15, edge: 5 } });
    renderDashboard(fake, "/");
    expect(await screen.findByTestId("live-origins")).toHaveTextContent(
      "Made on devices: 15 in browsers, 5 at the edge.",
    );
  });
});

describe("a record without an image", () => {
  it("says so wherever an image would be, and offers nothing that needs one", async () => {
    fake.records = [alone(1)];
    fake.imageUrl = null;
    renderDashboard(fake, `/history?record=${alone(1).id}`);
    const dialog = await screen.findByTestId("record");
    expect(await within(dialog).findByText("The image stayed on the device")).toBeVisible();
    expect(within(dialog).getByTestId("device-only")).toBeVisible();
    expect(within(dialog).getByTestId("record-origin")).toHaveTextContent("Device (browser)");
    expect(within(dialog).getByTestId("record-made-at")).toHaveTextContent(/2026/);
    for (const absent of ["record-explain", "add-to-dataset", "snippet", "device-answer"]) {
      expect(within(dialog).queryByTestId(absent)).not.toBeInTheDocument();
    }
    expect(within(dialog).queryByText("S3 key")).not.toBeInTheDocument();
    expect(fake.count("/thumbnails")).toBe(0);
    await userEvent.click(within(dialog).getByTestId("record-delete"));
    expect(screen.queryByText(/the image in all its versions/)).not.toBeInTheDocument();
  });

  it("stays out of what is copied into a dataset", async () => {
    fake.records = [record(1), alone(2)];
    renderDashboard(fake, "/history");
    for (const box of await screen.findAllByRole("checkbox")) await userEvent.click(box);
    expect(await screen.findByTestId("batch-unsent")).toHaveTextContent(": 1.");
    expect(screen.getByTestId("batch-dataset")).toBeVisible();
  });
});

describe("the answers of device and cloud", () => {
  it.each([
    ["cat", "1.0.0", "Same answer", "true"],
    ["dog", "1.0.0", "Different answers", "false"],
    ["cat", "2.0.0", "Different versions", "null"],
  ])("stand side by side: %s by %s", async (best, version, says, agrees) => {
    const made = compared(1, best, version);
    fake.records = [made];
    renderDashboard(fake, `/history?record=${made.id}`);
    const answers = await screen.findByTestId("device-answer");
    expect(answers).toHaveTextContent(says);
    expect(String(answers.dataset.agrees)).toBe(agrees === "null" ? "undefined" : agrees);
    expect(answers).toHaveTextContent(`On the device, starter ${version}${best} 80.0%`);
    expect(answers).toHaveTextContent("In the cloud, starter 1.0.0cat 93.0%");
  });

  it("are compared by version, with an interval and the difference in confidence", async () => {
    fake.models = registry();
    fake.stats = stats({
      agreement: {
        "visionflow20/1.0.0": {
          compared: 200,
          agreed: 196,
          low: 0.95,
          high: 0.992,
          confidence_gap: 0.0123,
        },
        "visionflow20/0.9.0": {
          compared: 4,
          agreed: 3,
          low: 0.3,
          high: 0.95,
          confidence_gap: null,
        },
        "visionflow20/0.8.0": { compared: 0, agreed: 0, low: 0, high: 1, confidence_gap: null },
      },
    });
    renderDashboard(fake, "/models");
    const panel = await screen.findByTestId("agreement");
    const rows = within(panel).getAllByRole("row").slice(1);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toHaveTextContent("visionflow20 1.0.020098.0%");
    expect(rows[0]).toHaveTextContent("1.2 points");
    expect(rows[1]).toHaveTextContent("3 / 4");
  });

  it("are not shown where nothing was compared", async () => {
    fake.models = registry();
    fake.stats = stats();
    renderDashboard(fake, "/models");
    await screen.findByTestId("drift");
    expect(screen.queryByTestId("agreement")).not.toBeInTheDocument();
  });
});
