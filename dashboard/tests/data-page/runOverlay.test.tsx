import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";

import { FakeApi } from "../fakeApi";
import { dataset, run } from "../fakeDatasets";
import { registry } from "../registry";
import { renderDashboard } from "../render";

async function pick(box: HTMLElement | undefined) {
  if (box === undefined) throw new Error("there is no such box");
  await userEvent.click(box);
}

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registry();
  fake.datasets.list = [dataset("fruit", ["apple", "pear"])];
  fake.datasets.runs = [run({ id: "run-3", version: 3 }), run({ id: "run-2", version: 2 })];
});

it("lays the label curves of trainings over each other", async () => {
  renderDashboard(fake, "/data?dataset=fruit&tab=train");
  const [first, second] = await screen.findAllByTestId("pick-curve");
  await pick(first);
  expect(screen.queryByTestId("run-overlay")).not.toBeInTheDocument();
  await pick(second);
  const overlay = await screen.findByTestId("run-overlay");
  const points = await within(overlay).findByTestId("points");
  expect(points).toHaveTextContent(/Version 3, .*40,0.9 80,0.96.*Version 2, .*40,0.9 80,0.96/);
});

it("offers nothing to compare where one training has a curve", async () => {
  const { result } = run();
  const older = run({ id: "run-1", result: result && { ...result, curve: [] } });
  fake.datasets.runs = [run({ id: "run-2" }), older];
  renderDashboard(fake, "/data?dataset=fruit&tab=train");
  await screen.findByTestId("runs");
  expect(screen.queryByTestId("pick-curve")).not.toBeInTheDocument();
});
