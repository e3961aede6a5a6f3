import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { choose } from "../choose";
import { FakeApi } from "../fakeApi";
import { largeReport } from "../largeReport";
import { registry, stats } from "../registry";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registry();
  fake.stats = stats();
  fake.report = largeReport({ withParents: true });
});

const columns = () =>
  within(screen.getByTestId("confusion"))
    .getAllByRole("columnheader")
    .slice(1)
    .map((cell) => cell.textContent);

describe("a thousand classes with parents", () => {
  it("are a matrix of the parents, with a way down and back", async () => {
    renderDashboard(fake, "/accuracy?tab=confusion");
    await screen.findByTestId("confusion");
    expect(columns()).toEqual(Array.from({ length: 10 }, (_, group) => `group ${group}`));
    await userEvent.click(screen.getByRole("button", { name: "group 3" }));
    expect(columns()).toHaveLength(11);
    expect(columns()[0]).toBe("family 30");
    expect(columns().at(-1)).toBe("elsewhere");
    await userEvent.click(screen.getByRole("button", { name: "family 33" }));
    expect(columns().slice(0, 2)).toEqual(["label 330", "label 331"]);
    const trail = within(screen.getByTestId("confusion-trail"));
    expect(trail.getByText("family 33")).toHaveAttribute("aria-current", "true");
    await userEvent.click(trail.getByRole("button", { name: "All classes" }));
    expect(columns()[0]).toBe("group 0");
  });

  it("say which labels are behind a cell of their parents", async () => {
    renderDashboard(fake, "/accuracy?tab=confusion");
    const name = /^group 1 classified as group 6: /;
    await userEvent.click(await screen.findByRole("button", { name }));
    const pairs = within(screen.getByTestId("cell-labels")).getAllByRole("listitem");
    expect(pairs.map((pair) => pair.textContent)).toEqual([
      "label 111 → label 611 2",
      "label 148 → label 648 2",
      "label 185 → label 685 2",
    ]);
  });

  it("come with the worst confusions first, in steps", async () => {
    renderDashboard(fake, "/accuracy?tab=confusion");
    const list = within(await screen.findByTestId("confused-pairs"));
    expect(list.getAllByRole("listitem")).toHaveLength(15);
    expect(list.getAllByRole("listitem")[0]).toHaveTextContent("label 000 → label 5002 · 10.0%");
    await userEvent.click(screen.getByTestId("more"));
    expect(list.getAllByRole("listitem")).toHaveLength(30);
  });

  it("are found by a part of their name, and shown with what they are confused with", async () => {
    renderDashboard(fake, "/accuracy?tab=confusion");
    await choose(userEvent, "confusion-find", "label 111", "l 111");
    expect(columns().slice(0, 2)).toEqual(["label 111", "label 611"]);
    expect(window.location.hash).toContain("focus=label+111");
  });

  it("have a table that is searched and comes in steps", async () => {
    renderDashboard(fake, "/accuracy");
    const rows = async () => within(await screen.findByTestId("class-table")).getAllByRole("row");
    expect(await rows()).toHaveLength(51);
    expect((await rows())[1]).toHaveTextContent("family 00label 000");
    await userEvent.type(screen.getByTestId("class-search"), "family 99");
    expect(await rows()).toHaveLength(11);
    expect((await rows())[1]).toHaveTextContent("label 999");
  });

  it("are coloured by parent on the map, and one can be picked out", async () => {
    renderDashboard(fake, "/accuracy?tab=map");
    const legend = within(await screen.findByRole("list", { name: "Classes shown" }));
    expect(legend.getAllByRole("checkbox")).toHaveLength(10);
    await choose(userEvent, "map-find", "label 123");
    await waitFor(() => {
      expect(screen.getByTestId("points")).toHaveTextContent("label 123: 3,12");
    });
  });

  it("show how right the answers are at each level, and where they back off", async () => {
    renderDashboard(fake, "/accuracy?tab=levels", "ko");
    const rows = within(await screen.findByTestId("levels")).getAllByRole("row");
    expect(rows.slice(1).map((row) => row.textContent)).toEqual([
      expect.stringMatching(/^0\(최상위\)10/),
      expect.stringMatching(/^1100/),
      expect.stringMatching(/^레이블1,000/),
    ]);
    expect(screen.getByTestId("back-off")).toHaveTextContent("42.0%");
    expect(screen.getByTestId("back-off")).toHaveTextContent("답한 단계에서 정답93.0%");
    const curve = within(screen.getByTestId("back-off-curve"));
    expect(await curve.findByTestId("points")).toHaveTextContent("0.42,0 0.42,1");
  });

  it("do not fill the page with labels of one group", async () => {
    renderDashboard(fake, "/accuracy?tab=groups");
    const single = within(await screen.findByTestId("single-groups"));
    expect(single.getAllByRole("listitem")).toHaveLength(20);
    expect(single.getByTestId("more")).toHaveTextContent("Show 20 more (980 left)");
  });
});

describe("a thousand classes without parents", () => {
  beforeEach(() => {
    fake.report = largeReport({ withParents: false });
  });

  it("are a matrix of those that are confused most", async () => {
    renderDashboard(fake, "/accuracy?tab=confusion");
    await screen.findByTestId("confusion");
    expect(columns().length).toBeLessThan(30);
    expect(columns()).toContain("label 500");
    expect(screen.getByTestId("confusion-left")).toHaveTextContent("of 1,000");
    expect(screen.queryByTestId("tab-levels")).not.toBeInTheDocument();
  });

  it("have one entry in the legend of the map", async () => {
    renderDashboard(fake, "/accuracy?tab=map");
    const legend = within(await screen.findByRole("list", { name: "Classes shown" }));
    expect(legend.getAllByRole("checkbox")).toHaveLength(1);
    expect(await screen.findByTestId("points")).toHaveTextContent("All classes: 1,0");
  });
});
