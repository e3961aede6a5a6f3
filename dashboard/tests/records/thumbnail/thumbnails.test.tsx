import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import type { LogEntry } from "visionflow-client";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeApi } from "../../fakeApi";
import { record } from "../../records";
import { registryOfRecords, stats } from "../../registry";
import { renderDashboard } from "../../render";

const unseen = (n: number, changes: Partial<LogEntry> = {}): LogEntry =>
  record(n, { thumbnail_key: null, thumbnail_url: null, ...changes });

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
});

describe("thumbnails of records", () => {
  it("are made for the rows that nobody has seen, a screen at a time", async () => {
    fake.records = [unseen(4), record(3), unseen(2), unseen(1, { status: "failed" })];
    renderDashboard(fake, "/history");
    const rows = await screen.findAllByTestId("history-row");
    await waitFor(() => {
      expect(screen.getAllByTestId("thumbnail")).toHaveLength(3);
    });
    const made = rows.map((row) => within(row).queryByTestId("thumbnail")?.getAttribute("src"));
    expect(made[0]).toBe("http://images.test/thumbnails/s3-000004.jpg");
    expect(fake.drawn).toEqual([["s3-000004", "s3-000002"]]);
  });

  it("for which a request had no time are asked for again until all are there", async () => {
    fake.records = [unseen(3), unseen(2), unseen(1)];
    fake.drawnAtOnce = 1;
    renderDashboard(fake, "/history");
    await waitFor(() => {
      expect(screen.getAllByTestId("thumbnail")).toHaveLength(3);
    });
    const ids = ["s3-000003", "s3-000002", "s3-000001"];
    expect(fake.drawn).toEqual([ids, ids.slice(1), ids.slice(2)]);
  });

  it("that never come are not asked for without end", async () => {
    fake.records = [unseen(1)];
    fake.drawnAtOnce = 0;
    renderDashboard(fake, "/history");
    await waitFor(() => {
      expect(fake.drawn).toHaveLength(1);
    });
    await screen.findAllByTestId("history-row");
    expect(fake.drawn).toHaveLength(1);
    expect(screen.queryByTestId("thumbnail")).toBeNull();
  });

  it("that cannot be made leave the icon and are not asked for again", async () => {
    fake.records = [unseen(1)];
    fake.undrawn.push("s3-000001");
    const { unmount } = renderDashboard(fake, "/history");
    await waitFor(() => {
      expect(fake.drawn).toHaveLength(1);
    });
    expect(screen.queryByTestId("thumbnail")).toBeNull();
    unmount();
  });
});

describe("a record whose original is no longer kept", () => {
  beforeEach(() => {
    fake.imageUrl = null;
  });

  it("shows its thumbnail, says so, and offers no heatmap and no dataset", async () => {
    fake.records = [record(1)];
    renderDashboard(fake, "/history?record=s3-000001");
    expect(await screen.findByText(/This is its thumbnail/)).toBeVisible();
    expect(screen.getByRole("img", { name: "The image that was classified" })).toHaveAttribute(
      "src",
      "http://images.test/thumbnails/1.jpg",
    );
    expect(screen.queryByTestId("record-explain")).toBeNull();
    expect(screen.queryByTestId("add-to-dataset")).toBeNull();
  });

  it("says so where nobody had looked at it in time", async () => {
    fake.records = [unseen(1)];
    fake.undrawn.push("s3-000001");
    renderDashboard(fake, "/history?record=s3-000001");
    expect(await screen.findByText(/no thumbnail was made while it was/)).toBeVisible();
  });
});

describe("the queue to label", () => {
  const shown = () => screen.queryByTestId("label-image")?.getAttribute("src");

  beforeEach(() => {
    fake.models = registryOfRecords();
    fake.stats = stats();
  });

  it("says where an image is gone that nobody had looked at in time", async () => {
    fake.records = fake.uncertain = [unseen(1)];
    fake.imageUrl = null;
    fake.undrawn.push("s3-000001");
    renderDashboard(fake, "/accuracy?tab=label");
    expect(await screen.findByText(/no thumbnail was made while it was/)).toBeVisible();
    expect(screen.queryByTestId("add-to-dataset")).toBeNull();
  });

  it("shows the thumbnail where the original is gone or cannot be shown", async () => {
    fake.records = fake.uncertain = [unseen(1)];
    renderDashboard(fake, "/accuracy?tab=label");
    await waitFor(() => {
      expect(shown()).toBe("http://images.test/original.jpg");
    });
    expect(screen.getByTestId("add-to-dataset")).toBeVisible();
    // Made already: who opened a record has looked at it, and the original goes first.
    await waitFor(() => {
      expect(fake.drawn).toEqual([["s3-000001"]]);
    });
    fireEvent.error(screen.getByTestId("label-image"));
    await waitFor(() => {
      expect(shown()).toBe("http://images.test/thumbnails/s3-000001.jpg");
    });
  });
});

it("an original that the browser cannot show is shown by its thumbnail", async () => {
  fake.records = [unseen(1)];
  renderDashboard(fake, "/history?record=s3-000001");
  const image = await screen.findByRole("img", { name: "The image that was classified" });
  expect(image).toHaveAttribute("src", "http://images.test/original.jpg");
  fireEvent.error(image);
  await waitFor(() => {
    expect(screen.getByRole("img", { name: "The image that was classified" })).toHaveAttribute(
      "src",
      "http://images.test/thumbnails/s3-000001.jpg",
    );
  });
});
