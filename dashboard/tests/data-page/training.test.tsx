import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { viewer } from "../callers";
import { FakeApi, problem } from "../fakeApi";
import { dataset, image, run } from "../fakeDatasets";
import { registry } from "../registry";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registry();
  fake.datasets.list = [dataset("fruit", ["apple", "pear", "plum", "fig"])];
  const labels = ["apple", "apple", "pear", "pear", "plum"];
  fake.datasets.images = labels.map((label, n) => image(n + 1, { label }));
  fake.datasets.next = run({ state: "running", result: null, model_version: null, steps: [] });
});

const open = (language: "ko" | "en" = "en") =>
  renderDashboard(fake, "/data?dataset=fruit&tab=train", language);
const trainings = () => fake.count("/datasets/fruit/train");
const classes = () => fake.datasets.list?.[0]?.classes.map(({ name }) => name);

describe("classes with too few images to train on", () => {
  it.each([
    ["en", "Training needs this many readable images of each class: 2", "Train without them"],
    ["ko", "클래스마다 읽을 수 있는 이미지가 2장 이상 필요합니다", "이 클래스 없이 학습"],
  ] as const)("are named, and are left out after a question (%s)", async (language, text, way) => {
    open(language);
    const few = within(await screen.findByTestId("too-few"));
    expect(few.getByText(text, { exact: false })).toBeVisible();
    expect(few.getAllByRole("listitem").map((item) => item.textContent)).toEqual([
      "plum: 1",
      "fig: 0",
    ]);
    expect(screen.getByTestId("train")).toBeDisabled();
    await userEvent.click(few.getByRole("button", { name: way }));
    expect(screen.getByTestId("leave-out-dialog")).toHaveTextContent("plum, fig");
    expect(classes()).toHaveLength(4);
    await userEvent.click(screen.getByTestId("leave-out-confirm"));
    await waitFor(() => {
      expect(trainings()).toBe(1);
    });
    expect(classes()).toEqual(["apple", "pear"]);
    expect(fake.datasets.images.at(-1)?.label).toBeNull();
    expect(screen.queryByTestId("too-few")).not.toBeInTheDocument();
  });

  it("are not left out where that leaves one class, nor by who may not delete them", async () => {
    fake.datasets.images = fake.datasets.images.filter(({ label }) => label !== "pear");
    const { unmount } = open();
    expect(await screen.findByTestId("too-few")).toHaveTextContent("pear: 0");
    expect(screen.queryByTestId("leave-out")).not.toBeInTheDocument();
    unmount();
    fake.datasets.images.push(image(8, { label: "pear" }), image(9, { label: "pear" }));
    fake.me = viewer();
    open();
    expect(await screen.findByTestId("too-few")).toBeVisible();
    expect(screen.queryByTestId("leave-out")).not.toBeInTheDocument();
  });

  it("stay where their deletion is refused, and nothing is trained", async () => {
    open();
    fake.failing = (path, method) =>
      method === "POST" && path.endsWith("/classes") ? problem(409, "dataset_conflict") : null;
    await userEvent.click(await screen.findByTestId("leave-out"));
    await userEvent.click(screen.getByTestId("leave-out-confirm"));
    const asked = within(screen.getByTestId("leave-out-dialog"));
    expect(await asked.findByTestId("problem")).toHaveAttribute("data-code", "dataset_conflict");
    expect(trainings()).toBe(0);
  });

  it.each([
    ["en", 2, "These classes are deleted: plum.", "without a label: 1", "have changed since"],
    ["ko", 2, "다음 클래스를 삭제합니다: plum.", "이미지 1장은", "이미지가 변경되어"],
    ["en", 1, "These classes are deleted: plum, fig.", "without a label: 2", "have changed since"],
  ] as const)(
    "are not left out before the question names what others added (%s, %d images)",
    async (language, added, deleted, unlabelled, changed) => {
      open(language);
      await userEvent.click(await screen.findByTestId("leave-out"));
      for (let n = 0; n < added; n += 1) {
        fake.datasets.images.push(image(20 + n, { label: "fig" }));
      }
      await userEvent.click(screen.getByTestId("leave-out-confirm"));
      const dialog = screen.getByTestId("leave-out-dialog");
      expect(await within(dialog).findByRole("alert")).toHaveTextContent(changed);
      expect(dialog).toHaveTextContent(deleted);
      expect(dialog).toHaveTextContent(unlabelled);
      expect(classes()).toEqual(["apple", "pear", "plum", "fig"]);
      expect(trainings()).toBe(0);
      // The next answer is to the new question.
      await userEvent.click(screen.getByTestId("leave-out-confirm"));
      await waitFor(() => {
        expect(trainings()).toBe(1);
      });
      expect(classes()).toEqual(added === 2 ? ["apple", "pear", "fig"] : ["apple", "pear"]);
    },
  );

  it("are not left out while an image of theirs is on its way", async () => {
    open();
    await userEvent.click(await screen.findByTestId("leave-out"));
    fake.datasets.images.push(image(20, { label: "fig", state: "pending" }));
    await userEvent.click(screen.getByTestId("leave-out-confirm"));
    await waitFor(() => {
      expect(screen.queryByTestId("leave-out-dialog")).not.toBeInTheDocument();
    });
    expect(classes()).toHaveLength(4);
    expect(trainings()).toBe(0);
  });

  it("are not left out after the question was cancelled", async () => {
    open();
    await userEvent.click(await screen.findByTestId("leave-out"));
    fake.datasets.images.push(image(20, { label: "apple" }));
    fake.delay = 200;
    await userEvent.click(screen.getByTestId("leave-out-confirm"));
    await userEvent.click(screen.getByTestId("leave-out-dialog-close"));
    fake.delay = 0;
    await waitFor(() => {
      expect(screen.getByTestId("train-plan")).toHaveTextContent("6"); // read anew
    });
    await userEvent.click(screen.getByTestId("leave-out"));
    expect(screen.getByTestId("leave-out-confirm")).toBeEnabled();
    expect(fake.count("/datasets/fruit/classes")).toBe(0);
  });

  it("are not left out where the images cannot be read anew", async () => {
    open();
    await userEvent.click(await screen.findByTestId("leave-out"));
    fake.failing = (path) => (path.includes("/images?") ? problem(404, "dataset_missing") : null);
    await userEvent.click(screen.getByTestId("leave-out-confirm"));
    const dialog = within(screen.getByTestId("leave-out-dialog"));
    expect(await dialog.findByTestId("problem")).toHaveAttribute("data-code", "dataset_missing");
    expect(fake.count("/datasets/fruit/classes")).toBe(0);
  });

  it("show once a training was refused because others changed the images", async () => {
    fake.datasets.list = [dataset("fruit", ["apple", "pear"])];
    open();
    await screen.findByTestId("train");
    fake.datasets.images = fake.datasets.images.slice(0, 3);
    fake.datasets.images.push(image(4, { label: null }));
    fake.failing = (path, method) =>
      method === "POST" && path.endsWith("/train") ? problem(422, "run_refused") : null;
    await waitFor(() => {
      expect(screen.getByTestId("train")).toBeEnabled();
    });
    await userEvent.click(screen.getByTestId("train"));
    expect(await screen.findByTestId("problem")).toHaveAttribute("data-code", "run_refused");
    expect(await screen.findByTestId("too-few")).toHaveTextContent("pear: 1");
  });
});

describe("a step of a training", () => {
  const steps = () => screen.getAllByRole("listitem").filter(({ dataset }) => dataset.state);

  it.each([
    ["en", "Embed imagesnot needed"],
    ["ko", "임베딩 계산필요 없음"],
  ] as const)("that was not needed says so (%s)", async (language, text) => {
    const [freeze, , fit] = run().steps;
    if (!freeze || !fit) throw new Error("the fake run has all steps");
    const running = { ...fit, finished_at: null };
    fake.datasets.runs = [
      run({ state: "running", result: null, model_version: null, steps: [freeze, running] }),
    ];
    open(language);
    await screen.findByTestId("run");
    expect(steps().map(({ dataset }) => dataset.state)).toEqual([
      "done",
      "skipped",
      "active",
      "waiting",
      "waiting",
    ]);
    expect(steps()[1]).toHaveTextContent(text);
  });

  it("that a training did not reach is not called unneeded", async () => {
    const steps_done = run().steps.slice(0, 2);
    fake.datasets.runs = [
      run({ state: "failed", result: null, steps: steps_done, error: ["run_refused", "few"] }),
    ];
    open();
    await screen.findByTestId("run");
    expect(steps().map(({ dataset }) => dataset.state)).toEqual([
      "done",
      "done",
      "waiting",
      "waiting",
      "waiting",
    ]);
  });
});
