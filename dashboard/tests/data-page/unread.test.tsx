import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeApi, json, problem } from "../fakeApi";
import { dataset, image } from "../fakeDatasets";
import { renderDashboard } from "../render";

let fake: FakeApi;
let arrive: () => void;
beforeEach(() => {
  fake = new FakeApi();
  fake.datasets.list = [dataset("fruit", ["apple", "pear"])];
  fake.datasets.health = {
    images: 4,
    labelled: 4,
    unlabelled: 0,
    pending: 0,
    unreadable: 0,
    removed: 0,
    classes: [],
    duplicates: 0,
    groups: 4,
    imbalance: 1,
    advice: [],
    new_labels: 0,
    trained_version: null,
    compared: 4,
  };
  const images = [1, 2, 3, 4].map((n) => image(n, { label: n < 3 ? "apple" : "pear" }));
  const arrived = new Promise<Response>((resolve) => {
    arrive = () => {
      resolve(json({ items: images, next_cursor: null }));
    };
  });
  fake.failing = (path) => (path.startsWith("/datasets/fruit/images") ? arrived : null);
});

const open = (tab: string) => renderDashboard(fake, `/data?dataset=fruit&tab=${tab}`);
const count = () => screen.getByTestId("dataset-count");

describe("while the images are being read", () => {
  it("no number of them is shown", async () => {
    open("images");
    expect(await screen.findByTestId("classes")).toHaveTextContent("apple–");
    expect(count()).toHaveTextContent("Images: – · labelled: – · classes: 2");
    expect(screen.getByTestId("filter-view")).not.toHaveTextContent("(0)");
    await userEvent.click(screen.getByRole("button", { name: "Edit class apple" }));
    expect(await screen.findByTestId("class-sure")).not.toBeChecked();
    expect(screen.getByRole("dialog")).not.toHaveTextContent(/\b0\b/);
    arrive();
    await waitFor(() => {
      expect(count()).toHaveTextContent("Images: 4 · labelled: 4 · classes: 2");
    });
    expect(screen.getByTestId("classes")).toHaveTextContent("apple2");
  });

  it("nothing is said to be in order", async () => {
    open("health");
    expect(await screen.findByTestId("reading")).toBeVisible();
    expect(screen.queryByTestId("no-suspects")).not.toBeInTheDocument();
    expect(screen.queryByTestId("no-advice")).not.toBeInTheDocument();
    arrive();
    expect(await screen.findByTestId("no-suspects")).toBeVisible();
    expect(screen.getByTestId("no-advice")).toBeVisible();
  });

  it("a training is not said to lack classes", async () => {
    open("train");
    expect(await screen.findByTestId("train-plan")).toHaveTextContent("–");
    expect(screen.queryByText(/at least two classes/i)).not.toBeInTheDocument();
    expect(screen.getByTestId("train")).toBeDisabled(); // some may not have been looked at
    arrive();
    await waitFor(() => {
      expect(screen.getByTestId("train-plan")).toHaveTextContent("4");
    });
    expect(screen.getByTestId("train")).toBeEnabled();
  });
});

it("images that could not be read are not nought", async () => {
  fake.failing = (path) =>
    path.startsWith("/datasets/fruit/images") ? problem(500, "internal_error") : null;
  open("images");
  expect(await screen.findByTestId("classes")).toHaveTextContent("apple–");
  expect(count()).toHaveTextContent("Images: –");
});
