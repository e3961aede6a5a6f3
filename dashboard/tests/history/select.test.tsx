import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { MOST_SELECTED } from "../../src/history/select/useSelection";
import { viewer } from "../callers";
import { choose } from "../choose";
import { FakeApi, problem } from "../fakeApi";
import { dataset } from "../fakeDatasets";
import { record } from "../records";
import { registryOfRecords } from "../registry";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registryOfRecords();
  fake.records = Array.from({ length: 6 }, (_, n) => record(n, { owner: "anonymous" }));
});

/** The newest is the first. */
const boxes = () => screen.findAllByTestId("select-row");
const at = async (place: number) => (await boxes())[place] as HTMLInputElement;
const given = () => fake.records.map(({ feedback }) => feedback?.label ?? feedback);

describe("several records of the history", () => {
  it.each(["/history", "/history?view=grid"])("are selected by Shift at %s", async (page) => {
    renderDashboard(fake, page);
    const user = userEvent.setup();
    await user.click(await at(1));
    await user.keyboard("{Shift>}");
    await user.click(await at(3));
    await user.keyboard("{/Shift}");
    expect((await boxes()).map((box) => (box as HTMLInputElement).checked)).toEqual([
      false,
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(await screen.findByTestId("selected-count")).toHaveTextContent("Selected: 3");
  });

  it("are confirmed, with one that fails named and left selected", async () => {
    fake.records[2] = record(2, { status: "unknown", unknown_reason: "unsure" });
    fake.records[3] = record(3, { status: "failed" });
    fake.failing = (path) =>
      path.endsWith("s3-000001/feedback") ? problem(429, "too_many_requests") : null;
    renderDashboard(fake, "/history");
    await userEvent.click(await at(0));
    await userEvent.click(await screen.findByTestId("select-all"));
    expect(screen.getByTestId("batch-failed-images")).toHaveTextContent("no label: 1");
    await userEvent.click(screen.getByTestId("batch-confirm"));
    const failures = await screen.findByTestId("batch-failures");
    expect(failures).toHaveTextContent("photo-1.jpg: Too many requests");
    expect(screen.getByTestId("batch-progress")).toHaveTextContent("Done: 3 of 4.");
    expect(given()).toEqual(["cat", null, null, null, "cat", "cat"]);
    expect(screen.getByTestId("selected-count")).toHaveTextContent("Selected: 1");
    fake.failing = null;
    await userEvent.click(screen.getByTestId("batch-confirm"));
    await waitFor(() => {
      expect(given()).toEqual(["cat", "cat", null, null, "cat", "cat"]);
    });
    expect(await screen.findByText("Done: 1 of 1.")).toBeVisible();
    expect(screen.queryByTestId("batch-failures")).not.toBeInTheDocument();
  });

  it("get one label, or that they are none of the classes", async () => {
    renderDashboard(fake, "/history");
    await userEvent.click(await at(0));
    await userEvent.click(await at(1));
    await userEvent.click(await screen.findByTestId("batch-label"));
    await choose(userEvent, "feedback-label", "starfish");
    await userEvent.click(screen.getByTestId("feedback-save"));
    await screen.findByText("Done: 2 of 2.");
    expect(given()).toEqual([null, null, null, null, "starfish", "starfish"]);
    await userEvent.click(await at(5));
    await userEvent.click(await screen.findByTestId("batch-none"));
    expect(await screen.findByText("Done: 1 of 1.")).toBeVisible();
    expect(await fake.sent("/predictions/s3-000000/feedback")).toEqual([{ label: null }]);
  });

  it("get a class that no version knows", async () => {
    renderDashboard(fake, "/history");
    await userEvent.click(await at(0));
    await userEvent.click(await at(1));
    await userEvent.click(await screen.findByTestId("batch-new"));
    await userEvent.type(screen.getByTestId("feedback-new-name"), " sea urchin ");
    await userEvent.click(screen.getByTestId("feedback-save"));
    await screen.findByText("Done: 2 of 2.");
    expect(given()).toEqual([null, null, null, null, "sea urchin", "sea urchin"]);
    expect(await fake.sent("/predictions/s3-000005/feedback")).toEqual([
      { label: "sea urchin", new: true },
    ]);
  });

  it("are deleted where they are one's own", async () => {
    fake.me = viewer();
    fake.records = [record(0, { owner: "user:1" }), record(1), record(2, { owner: "user:1" })];
    renderDashboard(fake, "/history");
    await userEvent.click(await at(0));
    await userEvent.click(await screen.findByTestId("select-all"));
    expect(screen.getByTestId("batch-others")).toHaveTextContent(/: 1\.$/);
    await userEvent.click(screen.getByTestId("batch-delete"));
    const dialog = await screen.findByTestId("delete");
    expect(dialog).toHaveTextContent("Delete the selected records (2)?");
    await userEvent.click(within(dialog).getByTestId("batch-delete-confirm"));
    await waitFor(() => {
      expect(fake.records.map(({ id }) => id)).toEqual(["s3-000001"]);
      expect(screen.getAllByTestId("history-row")).toHaveLength(1);
    });
  });

  it("go into a dataset together", async () => {
    fake.datasets.list = [dataset("animals", ["cat", "dog"])];
    renderDashboard(fake, "/history");
    await userEvent.click(await at(0));
    await userEvent.click(await at(2));
    await userEvent.click(await screen.findByTestId("batch-dataset"));
    await userEvent.click(await screen.findByTestId("take-confirm"));
    await waitFor(async () => {
      expect(await fake.sent("/datasets/animals/predictions")).toEqual([
        { ids: ["s3-000005", "s3-000003"], label: null },
      ]);
    });
  });

  it("are so many at most, and none of another list", async () => {
    fake.records = Array.from({ length: MOST_SELECTED + 100 }, (_, n) => record(n));
    renderDashboard(fake, "/history");
    await userEvent.click(await at(0));
    for (let n = 0; n < 6; n++) {
      const more = screen.queryByTestId("load-more");
      if (more) await userEvent.click(more);
    }
    await userEvent.click(await screen.findByTestId("select-all"));
    await waitFor(() => {
      expect(screen.getByTestId("selected-count").textContent).toMatch(/^Selected: \d+/);
    });
    const count = Number(/\d+/.exec(screen.getByTestId("selected-count").textContent)?.[0]);
    expect(count).toBeGreaterThan(49);
    expect(count).toBeLessThanOrEqual(MOST_SELECTED);
    await userEvent.selectOptions(screen.getByTestId("filter-status"), "ok");
    await waitFor(() => {
      expect(screen.queryByTestId("selected-count")).not.toBeInTheDocument();
    });
  });
});

describe("the history", () => {
  it("is filtered by what people said, also by its address", async () => {
    renderDashboard(fake, "/history?feedback=unanswered");
    expect(await screen.findByTestId("filter-feedback")).toHaveValue("unanswered");
    await boxes();
    await userEvent.selectOptions(screen.getByTestId("filter-feedback"), "wrong");
    expect(await screen.findByTestId("history-no-match")).toBeVisible();
    expect(window.location.hash).toContain("feedback=wrong");
  });

  it("offers the labels of the versions that it lists, not of the one in service", async () => {
    fake.status = { ...fake.status, labels: ["only", "served"] };
    renderDashboard(fake, "/history");
    await boxes();
    await userEvent.click(screen.getByTestId("filter-label"));
    const names = (await screen.findAllByRole("option")).map((option) => option.textContent);
    expect(names).toEqual(expect.arrayContaining(["starfish", "cat"]));
    expect(names).not.toContain("served");
  });
});
