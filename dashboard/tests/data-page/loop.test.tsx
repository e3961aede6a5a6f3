import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { Flow, InstantRun } from "visionflow-client";
import { beforeEach, describe, expect, it } from "vitest";

import { viewer } from "../callers";
import { FakeApi, problem } from "../fakeApi";
import { dataset, image, run } from "../fakeDatasets";
import { registry, rollbackRule } from "../registry";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registry();
  fake.rule = rollbackRule();
  fake.datasets.list = [dataset("fruit", ["apple", "pear"])];
  const labels = ["apple", "apple", "pear", "pear"];
  fake.datasets.images = labels.map((label, n) => image(n + 1, { label }));
});

const open = (language: "ko" | "en" = "en", rest = "") =>
  renderDashboard(fake, `/data?dataset=fruit${rest}`, language);
const card = () => screen.findByTestId("proposal");

/** A run whose difference to the earlier model lies within `low` and `high`. */
function compared(low: number, high: number): InstantRun {
  const made = run();
  if (made.result?.compared == null) throw new Error("the fake run is compared");
  const { result } = made;
  const { compared: known } = made.result;
  return {
    ...made,
    result: {
      ...result,
      compared: { ...known, images: 230, difference_low: low, difference_high: high },
    },
  };
}

describe("a proposal", () => {
  it("is not made before the first training", async () => {
    open();
    await screen.findByTestId("flow");
    expect(screen.queryByTestId("proposal")).not.toBeInTheDocument();
  });

  it.each([
    ["en", "New labels since version 3: 12 of 20."],
    ["ko", "버전 3 이후 새 레이블 12개(20개 필요)."],
  ] as const)("says how many labels are missing (%s)", async (language, text) => {
    fake.datasets.proposal = { version: 3, labels: 12, needed: 20, run: null };
    open(language);
    expect(await card()).toHaveTextContent(text);
    const meter = within(await card()).getByRole("meter", { name: text });
    expect(meter).toHaveAttribute("value", "12");
    expect(meter).toHaveAttribute("max", "20");
    expect(screen.queryByTestId("proposal-train")).not.toBeInTheDocument();
  });

  it.each([
    ["en", "New labels: 35", "Estimate: 40 sec and $0.002 (images: 2,673).", "Train and compare"],
    ["ko", "새 레이블 35개", "예상: 40초, $0.002 (이미지 2,673장).", "학습하고 비교"],
  ] as const)("trains where enough are there (%s)", async (language, title, cost, button) => {
    fake.datasets.forecast = { images: 2673, seconds: 40, usd: 0.002 };
    fake.datasets.proposal = { version: 3, labels: 35, needed: 20, run: null };
    fake.datasets.next = run({ state: "running", result: null, model_version: null, steps: [] });
    open(language);
    const proposal = within(await card());
    expect(proposal.getByRole("heading", { name: title })).toBeVisible();
    expect(proposal.getByText(cost)).toBeVisible();
    await userEvent.click(proposal.getByRole("button", { name: button }));
    expect(await screen.findByTestId("run")).toBeVisible(); // where the training is followed
    expect(screen.getByTestId("proposal-train")).toBeDisabled();
    // What comes of it shows as soon as it has ended.
    fake.datasets.runs = [run()];
    fake.datasets.proposal = { version: 4, labels: 0, needed: 20, run: run() };
    await waitFor(
      async () => {
        expect(within(await card()).getByTestId("run-accept")).toBeVisible();
      },
      { timeout: 6000 },
    );
    expect(fake.count("/datasets/fruit/train")).toBe(1);
  });

  it("leads to what is in the way of a training instead of being refused", async () => {
    fake.datasets.list = [dataset("fruit", ["apple", "pear", "plum"])];
    fake.datasets.proposal = { version: 3, labels: 35, needed: 20, run: null };
    open();
    await screen.findAllByTestId("image-tile");
    await userEvent.click(await screen.findByTestId("proposal-train"));
    expect(await screen.findByTestId("too-few")).toHaveTextContent("plum: 0");
    expect(fake.count("/datasets/fruit/train")).toBe(0);
  });

  it.each([
    ["en", 0.002, 0.024, "better", "The new model is better."],
    ["en", -0.03, -0.01, "worse", "The new model is worse."],
    ["en", -0.01, 0.024, "alike", "The test images show no clear difference."],
    ["ko", 0.002, 0.024, "better", "새 모델이 더 정확합니다."],
    ["ko", -0.03, -0.01, "worse", "새 모델이 덜 정확합니다."],
    ["ko", -0.01, 0.024, "alike", "이 테스트 이미지로는 차이를 확인할 수 없습니다."],
  ] as const)(
    "says what a training gains (%s, %d to %d: %s)",
    async (language, low, high, verdict, text) => {
      const made = compared(low, high);
      fake.datasets.runs = [made];
      fake.datasets.proposal = { version: 4, labels: 7, needed: 20, run: made };
      open(language);
      const proposal = within(await card());
      const says = proposal.getByTestId("compared");
      expect(says).toHaveAttribute("data-verdict", verdict);
      expect(says).toHaveTextContent(text);
      expect(says).toHaveTextContent("96.1%");
      expect(says).toHaveTextContent("230");
      const left = { en: "that the collection rule added are left out", ko: "비교에서 제외합니다" };
      expect(proposal.getByText(left[language], { exact: false })).toBeVisible();
      // A model that is not better is no advice.
      const button = await proposal.findByTestId("run-accept");
      expect(button.classList.contains("primary")).toBe(verdict === "better");
      await userEvent.click(proposal.getByTestId("proposal-run"));
      expect(await screen.findByTestId("run")).toBeVisible();
    },
  );

  it("is accepted as a canary; then the page says what to watch and where to promote", async () => {
    fake.datasets.runs = [run()];
    fake.datasets.proposal = { version: 4, labels: 0, needed: 20, run: run() };
    open();
    await userEvent.click(await within(await card()).findByTestId("run-accept"));
    const canary = { name: "fruit", version: "1.0.0", percent: 10 };
    fake.models = { ...registry(), aliases: { ...registry().aliases, canary } };
    fake.datasets.proposal = null;
    await screen.findByTestId("move-changes");
    await userEvent.click(screen.getByTestId("move-confirm"));
    expect(await screen.findByTestId("on-trial")).toBeVisible();
    expect(await fake.sent("/models/fruit/1.0.0/canary")).toEqual([
      { percent: 10, reason: null, revision: 7 },
    ]);
    await waitFor(() => {
      expect(screen.queryByTestId("proposal")).not.toBeInTheDocument();
    });
  });

  it.each([
    ["en", true, "fruit 1.0.0 is on trial", "The rollback rule is on"],
    ["ko", false, "fruit 1.0.0 시험 운영 중", "롤백 규칙이 꺼져 있어"],
  ] as const)(
    "that is on trial is watched (%s, rule on: %s)",
    async (language, on, title, rule) => {
      const canary = { name: "fruit", version: "1.0.0", percent: 10 };
      fake.models = { ...registry(), aliases: { ...registry().aliases, canary } };
      fake.rule = rollbackRule({ enabled: on });
      fake.datasets.runs = [run()];
      open(language);
      const trial = within(await screen.findByTestId("on-trial"));
      expect(trial.getByRole("heading", { name: title })).toBeVisible();
      expect(await trial.findByText(rule, { exact: false })).toHaveTextContent("10%");
      expect(trial.getByTestId("to-models")).toHaveAttribute(
        "href",
        "#/models?model=fruit%2F1.0.0",
      );
    },
  );

  it("is shown to a viewer, who is told what is missing to follow it", async () => {
    fake.me = viewer();
    fake.datasets.proposal = { version: 3, labels: 35, needed: 20, run: null };
    const { unmount } = open();
    let why = within(await card()).getByTestId("missing-scope");
    expect(why).toHaveAttribute("data-scope", "label");
    expect(screen.queryByTestId("proposal-train")).not.toBeInTheDocument();
    unmount();
    fake.datasets.proposal = { version: 4, labels: 0, needed: 20, run: run() };
    open();
    why = within(await card()).getByTestId("missing-scope");
    expect(why).toHaveAttribute("data-scope", "models");
    expect(screen.queryByTestId("run-accept")).not.toBeInTheDocument();
  });
});

describe("the rule by which records flow in", () => {
  const flow: Flow = { kinds: ["corrected"], model: "fruit", per_day: 80, train: true };
  const sent = () => fake.sent("/datasets/fruit/flow");

  it.each([
    ["en", "Collect images from the history", "off", "Turn on", "on", "0 of 30 today"],
    ["ko", "분류 기록에서 자동 수집", "꺼짐", "켜기", "켜짐", "오늘 30장 중 0장"],
  ] as const)("is turned on (%s)", async (language, title, off, button, on, today) => {
    open(language);
    const shown = within(await screen.findByTestId("flow"));
    expect(shown.getByRole("heading", { name: title })).toBeVisible();
    expect(shown.getByTestId("flow-state")).toHaveTextContent(off);
    await userEvent.click(shown.getByTestId("flow-open"));
    await userEvent.click(shown.getByTestId("flow-kind-unfamiliar"));
    await userEvent.click(shown.getByTestId("flow-kind-corrected"));
    await userEvent.selectOptions(shown.getByTestId("flow-model"), "visionflow20");
    await userEvent.clear(shown.getByTestId("flow-per-day"));
    await userEvent.type(shown.getByTestId("flow-per-day"), "30");
    await userEvent.click(shown.getByTestId("flow-train"));
    await userEvent.click(shown.getByRole("button", { name: button }));
    expect(await screen.findByTestId("flow-today")).toHaveTextContent(today);
    expect(screen.getByTestId("flow-state")).toHaveTextContent(on);
    expect(await sent()).toEqual([
      { kinds: ["uncertain", "unfamiliar"], model: "visionflow20", per_day: 30, train: true },
    ]);
  });

  it("shows what came in today, offers a model that is gone, and is turned off", async () => {
    fake.datasets.list = [dataset("fruit", ["apple", "pear"], { flow })];
    fake.datasets.flowToday = 12;
    open();
    expect(await screen.findByTestId("flow-today")).toHaveTextContent("12 of 80 today");
    await userEvent.click(screen.getByTestId("flow-open"));
    expect(screen.getByTestId("flow-model")).toHaveValue("fruit");
    expect(screen.getByTestId("flow-kind-uncertain")).not.toBeChecked();
    expect(screen.getByTestId("flow-save")).toBeDisabled(); // nothing has changed
    await userEvent.click(screen.getByTestId("flow-off"));
    await waitFor(() => {
      expect(screen.getByTestId("flow-state")).toHaveTextContent("off");
    });
    expect(fake.datasets.list[0]?.flow).toBeNull();
  });

  it("needs a kind of records, and a number of images", async () => {
    open();
    await userEvent.click(await screen.findByTestId("flow-open"));
    for (const kind of ["uncertain", "corrected"]) {
      await userEvent.click(screen.getByTestId(`flow-kind-${kind}`));
    }
    expect(screen.getByRole("alert")).toHaveTextContent("Choose at least one.");
    expect(screen.getByTestId("flow-save")).toBeDisabled();
    await userEvent.click(screen.getByTestId("flow-kind-uncertain"));
    await userEvent.clear(screen.getByTestId("flow-per-day"));
    await userEvent.type(screen.getByTestId("flow-per-day"), "5000");
    await userEvent.click(screen.getByTestId("flow-save"));
    expect(screen.getByTestId("flow-per-day")).toBeInvalid();
    expect(await sent()).toEqual([]);
  });

  it.each([
    [
      "en",
      "if the dataset has that class",
      "Feedback on these images, from anyone who may give it",
    ],
    ["ko", "그 클래스가 데이터셋에 있으면", "피드백 권한이 있는 모든 사용자의 피드백이"],
  ] as const)("says whose feedback labels the images (%s)", async (language, classes, whose) => {
    open(language);
    await userEvent.click(await screen.findByTestId("flow-open"));
    const shown = within(screen.getByTestId("flow"));
    expect(shown.getByText(classes, { exact: false })).toBeVisible();
    expect(shown.getByText(whose, { exact: false })).toBeVisible();
  });

  it.each([
    ["en", "your account sees only its own"],
    ["ko", "본인의 기록만 볼 수 있습니다"],
  ] as const)("that is refused says why, and stays as it was typed (%s)", async (language, why) => {
    fake.failing = (path, method) =>
      method === "POST" && path.endsWith("/flow") ? problem(403, "forbidden") : null;
    open(language);
    await userEvent.click(await screen.findByTestId("flow-open"));
    await userEvent.click(screen.getByTestId("flow-train"));
    await userEvent.click(screen.getByTestId("flow-save"));
    const form = within(screen.getByTestId("flow"));
    expect(await form.findByTestId("problem")).toHaveAttribute("data-code", "forbidden");
    expect(form.getByText(why, { exact: false })).toBeVisible();
    expect(screen.getByTestId("flow-train")).toBeChecked();
  });

  it("that is refused for another reason is not explained by whose records one sees", async () => {
    fake.failing = (path, method) =>
      method === "POST" && path.endsWith("/flow") ? problem(422, "invalid_parameter") : null;
    open();
    await userEvent.click(await screen.findByTestId("flow-open"));
    await userEvent.click(screen.getByTestId("flow-save"));
    expect(await screen.findByTestId("problem")).toBeVisible();
    expect(screen.queryByTestId("own-only")).not.toBeInTheDocument();
  });

  it("is only read by who may not label", async () => {
    fake.me = viewer();
    fake.datasets.list = [dataset("fruit", ["apple", "pear"], { flow })];
    open("ko");
    await userEvent.click(await screen.findByTestId("flow-open"));
    const form = within(screen.getByTestId("flow"));
    expect(form.getByTestId("flow-kind-corrected")).toBeDisabled();
    expect(form.getByTestId("flow-per-day")).toHaveValue(80);
    expect(form.getByTestId("missing-scope")).toHaveAttribute("data-scope", "label");
    expect(screen.queryByTestId("flow-save")).not.toBeInTheDocument();
    expect(screen.queryByTestId("flow-off")).not.toBeInTheDocument();
  });

  it("is named where it added an image or froze a version", async () => {
    fake.datasets.images = [image(1, { added_by: "the flow rule", source: "prediction:s3-1" })];
    open("ko");
    (await screen.findByTestId("image-grid")).focus();
    await userEvent.keyboard("v");
    const facts = within(await screen.findByTestId("dataset-image"));
    expect(await facts.findByText("수집 규칙", { exact: false })).toBeVisible();
  });
});
