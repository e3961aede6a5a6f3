import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeApi, problem } from "../fakeApi";
import { record } from "../records";
import { registry } from "../registry";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registry();
  fake.records = Array.from({ length: 6 }, (_, n) => record(n, { owner: "anonymous" }));
});

const at = async (place: number) =>
  (await screen.findAllByTestId("select-row"))[place] as HTMLInputElement;

describe("records that are judged together", () => {
  it("leave those selected that were selected meanwhile", async () => {
    renderDashboard(fake, "/history");
    await userEvent.click(await at(0));
    await userEvent.click(await at(1));
    fake.delay = 500;
    await userEvent.click(await screen.findByTestId("batch-confirm"));
    await userEvent.click(await at(4));
    expect(screen.getByTestId("batch-progress")).toHaveTextContent("0 of 2");
    await screen.findByText("Done: 2 of 2.");
    await waitFor(() => {
      expect(screen.getByTestId("selected-count")).toHaveTextContent("Selected: 1");
    });
    expect(await at(4)).toBeChecked();
  });

  it("stay selected where they were not reached before the stop", async () => {
    renderDashboard(fake, "/history");
    await userEvent.click(await at(0));
    await userEvent.click(await screen.findByTestId("select-all"));
    fake.delay = 300;
    await userEvent.click(screen.getByTestId("batch-confirm"));
    await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
    await screen.findByText("Done: 4 of 6.");
    await waitFor(() => {
      expect(screen.getByTestId("selected-count")).toHaveTextContent("Selected: 2");
    });
  });

  it("are named by their files where they failed", async () => {
    fake.records[5] = record(5, { filename: "dog on the beach.jpg" });
    fake.failing = (path) =>
      path.endsWith("/feedback") ? problem(429, "too_many_requests") : null;
    renderDashboard(fake, "/history");
    await userEvent.click(await at(0));
    await userEvent.click(await at(1));
    await userEvent.click(await screen.findByTestId("batch-confirm"));
    const failures = await screen.findByTestId("batch-failures");
    expect(failures).toHaveTextContent("dog on the beach.jpg: Too many requests");
    expect(failures).not.toHaveTextContent("photo-5.jpg");
    expect(failures).toHaveTextContent("photo-4.jpg: Too many requests");
  });

  it("get their label from a list that opens above the bar", async () => {
    renderDashboard(fake, "/history");
    await userEvent.click(await at(0));
    await userEvent.click(await screen.findByTestId("batch-label"));
    await userEvent.click(await screen.findByTestId("feedback-label"));
    const list = screen.getByRole("listbox", { name: "Right label" });
    expect(list.parentElement?.className).toMatch(/upward/);
    await userEvent.click(screen.getByTestId("filter-label"));
    const other = screen.getByRole("listbox", { name: "Label" });
    expect(other.parentElement?.className).not.toMatch(/upward/);
  });
});

it("gives a file's name a line only where there is one", async () => {
  fake.records = [record(1), record(2, { filename: "dog.jpg" })];
  renderDashboard(fake, "/history");
  await screen.findAllByTestId("history-row");
  expect(screen.getAllByTestId("filename").map((name) => name.textContent)).toEqual(["dog.jpg"]);
});
