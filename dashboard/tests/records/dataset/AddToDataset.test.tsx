import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import type { Feedback } from "visionflow-client";
import { beforeEach, describe, expect, it } from "vitest";

import { viewer } from "../../callers";
import { choose } from "../../choose";
import { FakeApi, problem } from "../../fakeApi";
import { dataset } from "../../fakeDatasets";
import { feedback, record } from "../../records";
import { registry, stats } from "../../registry";
import { renderDashboard } from "../../render";

const says = (label: string | null, is_parent = false): Feedback => feedback(label, { is_parent });

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registry();
  fake.stats = stats();
  fake.records = [record(1)];
  fake.datasets.list = [dataset("animals", ["cat", "dog"]), dataset("fruit", ["apple"])];
});

const TAKEN = "/datasets/animals/predictions";

async function open(language: "ko" | "en" = "en") {
  const page = renderDashboard(fake, "/history?record=s3-000001", language);
  await userEvent.click(await screen.findByTestId("add-to-dataset"));
  return page;
}
const add = async () => {
  await userEvent.click(await screen.findByTestId("take-confirm"));
};
const result = (text: string) =>
  waitFor(() => {
    expect(screen.getByTestId("take-result")).toHaveTextContent(text);
  });

describe("a record of the history", () => {
  it("goes into a dataset without a label, and says so", async () => {
    await open("ko");
    expect(await screen.findByTestId("take-class")).toHaveValue("");
    await add();
    await result("추가 1장 · 이미 있음 0장 · 더 이상 없음 0장");
    expect(await fake.sent(TAKEN)).toEqual([{ ids: ["s3-000001"], label: null }]);
    expect(screen.getByTestId("take-open")).toHaveAttribute("href", "#/data?dataset=animals");
  });

  it("has the class that its feedback names, until another is chosen", async () => {
    fake.records = [record(1, { feedback: says("Dog") })];
    await open();
    await waitFor(() => {
      expect(screen.getByTestId("take-class")).toHaveValue("dog");
    });
    await add();
    await result("Added: 1");
    await choose(userEvent, "take-class", "cat");
    expect(screen.getByTestId("take-result")).toBeEmptyDOMElement();
    await add();
    await result("Added: 0 · already there: 1");
    expect(await fake.sent(TAKEN)).toEqual([
      { ids: ["s3-000001"], label: "dog" },
      { ids: ["s3-000001"], label: "cat" },
    ]);
  });

  it("needs a class where its feedback names none of the dataset", async () => {
    fake.records = [record(1, { feedback: says("fox") })];
    await open();
    expect(await screen.findByTestId("take-foreign")).toHaveTextContent("fox");
    expect(screen.getByTestId("take-confirm")).toBeDisabled();
    await choose(userEvent, "take-class", "dog");
    expect(screen.queryByTestId("take-foreign")).not.toBeInTheDocument();
    expect(screen.getByTestId("take-confirm")).toBeEnabled();
  });

  it("has no class by feedback that names a parent only", async () => {
    fake.records = [record(1, { feedback: says("mammal", true) })];
    await open();
    expect(await screen.findByTestId("take-confirm")).toBeEnabled();
    expect(screen.queryByTestId("take-foreign")).not.toBeInTheDocument();
  });

  it("goes into the dataset that was chosen last", async () => {
    const page = await open();
    await userEvent.selectOptions(await screen.findByTestId("take-dataset"), "fruit");
    await add();
    await result("Added: 1");
    page.unmount();
    await open();
    expect(await screen.findByTestId("take-dataset")).toHaveValue("fruit");
  });

  it("that is gone is counted, and a refusal is explained", async () => {
    fake.datasets.gone.add("s3-000001");
    await open();
    await add();
    await result("no longer available: 1");
    fake.failing = (path) => (path === TAKEN ? problem(404, "dataset_missing") : null);
    await choose(userEvent, "take-class", "dog");
    await add();
    expect(await screen.findByTestId("problem")).toHaveAttribute("data-code", "dataset_missing");
  });

  it("leads to the Data page while there is no dataset", async () => {
    fake.datasets.list = [];
    await open();
    expect(await screen.findByTestId("take-empty")).toHaveTextContent("Create a dataset");
  });

  it("is offered only to those who may label, and where its image could be read", async () => {
    fake.me = viewer();
    const page = renderDashboard(fake, "/history?record=s3-000001");
    await screen.findByTestId("record-id");
    await screen.findByTestId("feedback");
    expect(screen.queryByTestId("add-to-dataset")).not.toBeInTheDocument();
    page.unmount();
    fake.me = null;
    fake.records = [record(1, { status: "failed" })];
    renderDashboard(fake, "/history?record=s3-000001");
    await screen.findByTestId("record-delete");
    expect(screen.queryByTestId("add-to-dataset")).not.toBeInTheDocument();
  });

  it("is asked for without a fault that axe finds", async () => {
    await open();
    await screen.findByTestId("take-class");
    const { violations } = await axe.run(screen.getByTestId("take"), {
      rules: { "color-contrast": { enabled: false } }, // nothing is laid out
    });
    expect(violations.map(({ id }) => id)).toEqual([]);
  });
});

describe("the queue of uncertain images", () => {
  beforeEach(() => {
    fake.uncertain = Array.from({ length: 30 }, (_, n) => record(n + 1));
    renderDashboard(fake, "/accuracy?tab=label");
  });

  it("adds the image that is shown, and takes no keys meanwhile", async () => {
    await userEvent.click(await screen.findByTestId("add-to-dataset"));
    await screen.findByTestId("take-confirm");
    fireEvent.keyDown(document.body, { key: "2" });
    await add();
    await result("Added: 1");
    expect(await fake.sent(TAKEN)).toEqual([{ ids: ["s3-000001"], label: null }]);
    expect(fake.count("/predictions/s3-000001/feedback")).toBe(0);
  });

  it("adds what was labelled with its own labels, in calls that the API takes", async () => {
    await screen.findAllByTestId("label-choice");
    for (let n = 1; n <= 30; n += 1) {
      fireEvent.keyDown(document.body, { key: n % 2 ? "1" : "2" });
      await screen.findByText(`${30 - n} left · ${n} labelled`);
    }
    await userEvent.click(screen.getByTestId("add-labelled"));
    await add();
    await result("Added: 30");
    const sent = (await fake.sent(TAKEN)) as { ids: string[]; label: string | null }[];
    expect(sent.map(({ ids, label }) => [ids.length, label])).toEqual([
      [25, null],
      [5, null],
    ]);
  });
});
