import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeApi } from "../fakeApi";
import { job, trainingOptions } from "../jobs";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.jobs = [];
  fake.trainingOptions = trainingOptions();
});

const openAdvanced = async () => {
  await userEvent.click(await screen.findByText(/^(Advanced|고급 설정)$/));
};

function refused(field: string | null, detail = "set: it must be another."): Response {
  const body = {
    ...{ type: "urn:visionflow:problem:job_refused", title: "Job refused", status: 422 },
    ...{ detail, code: "job_refused", request_id: "r", field },
  };
  return new Response(JSON.stringify(body), {
    status: 422,
    headers: { "content-type": "application/problem+json" },
  });
}

describe("a refused job", () => {
  it.each([
    ["set.name", "setting-name"],
    ["set.data.workers", "setting-data.workers"],
    ["set.augment.horizontal_flip", "setting-augment.horizontal_flip"], // a box to tick
    ["on_demand", "job-on-demand"],
    ["max_hours", "job-hours"],
    ["data", "job-data"],
  ])("marks %s, which gets the focus, and says why", async (field, testId) => {
    fake.failing = (path, method) =>
      method === "POST" && path === "/training-jobs" ? refused(field) : null;
    renderDashboard(fake, "/training");
    await userEvent.click(await screen.findByTestId("start-job"));
    const input = await screen.findByTestId(testId);
    await waitFor(() => {
      expect(input).toHaveFocus();
    });
    expect(input).toBeInvalid();
    expect(input).toHaveAccessibleDescription(/set: it must be another\.$/);
  });

  it.each([
    [
      "set.data.workers",
      'set: data.workers is like 4, not "x".',
      'set: data.workers 값의 형식이 다릅니다(예: 4, 받은 값: "x").',
    ],
    [
      "max_hours",
      "max_hours must be above 0 and at most 24.",
      "max_hours는 0보다 크고 24 이하여야 합니다.",
    ],
    [
      null,
      "Version 2 of mugs has labelled images of 1 classes; a training takes 2 to 1,000.",
      "데이터셋 mugs, 버전 2: 레이블이 있는 이미지가 1개 클래스에 있습니다. 학습에는 클래스 2~1,000개가 필요합니다.",
    ],
  ])("says why in the page's language, and nothing in English: %s", async (field, said, korean) => {
    fake.failing = (path, method) =>
      method === "POST" && path === "/training-jobs" ? refused(field, said) : null;
    renderDashboard(fake, "/training", "ko");
    await userEvent.click(await screen.findByTestId("start-job"));
    const refusal = await screen.findByTestId("problem");
    expect(await within(refusal).findAllByText(korean, { exact: false })).toHaveLength(2);
    if (field !== null) expect(await screen.findByTestId("fault")).toHaveTextContent(korean);
    const form = screen.getByTestId("job-form");
    expect(form).not.toHaveTextContent(said);
    expect(form.querySelector("[lang=en]")).toBeNull();
  });

  it("says what the page does not know as the API has it, marked as English", async () => {
    fake.failing = (path, method) =>
      method === "POST" && path === "/training-jobs"
        ? refused("max_hours", "Of a later API.")
        : null;
    renderDashboard(fake, "/training", "ko");
    await userEvent.click(await screen.findByTestId("start-job"));
    const fault = await screen.findByTestId("fault");
    expect(await within(fault).findByText("Of a later API.")).toHaveAttribute("lang", "en");
  });

  it("of no field marks none", async () => {
    fake.failing = (path, method) =>
      method === "POST" && path === "/training-jobs" ? refused(null) : null;
    renderDashboard(fake, "/training");
    await userEvent.click(await screen.findByTestId("start-job"));
    const form = await screen.findByTestId("job-form");
    expect(await within(form).findByTestId("problem")).toBeVisible();
    expect(form.querySelector("[aria-invalid]")).toBeNull();
  });
});

describe("settings with a known list", () => {
  it("are chosen and not typed", async () => {
    renderDashboard(fake, "/training");
    await openAdvanced();
    await userEvent.click(screen.getByText(/^Augmentation: /));
    const crop = screen.getByTestId("setting-augment.crop");
    expect(crop.tagName).toBe("SELECT");
    expect(
      within(crop)
        .getAllByRole("option")
        .map((one) => one.textContent),
    ).toEqual(["resized", "padded", "random"]);
    await userEvent.selectOptions(crop, "padded");
    await userEvent.click(screen.getByTestId("start-job"));
    const [sent] = await fake.sent("/training-jobs");
    expect(sent).toMatchObject({ set: { "augment.crop": "padded" } });
  });
});

describe("on the local cloud", () => {
  beforeEach(() => {
    fake.trainingOptions = {
      ...trainingOptions(),
      instances: [],
      runs_on: "local",
      worker: false,
    };
  });

  it("a job without a worker waits for it, at no cost and on no machine", async () => {
    fake.jobs = [
      job("01JA", { runs_on: "local", waits_for_worker: true, instance: null, cost_usd: 0 }),
    ];
    renderDashboard(fake, "/training");
    const panel = await screen.findByTestId("job");
    expect(await within(panel).findByTestId("job-state")).toHaveTextContent(
      "Waiting for visionflow jobs machines",
    );
    expect(within(panel).getByTestId("worker-command")).toHaveValue("visionflow jobs machines");
    expect(panel).toHaveTextContent("Cost$0.00Machinethe computer of the local cloud");
  });

  it("a job with a worker does not", async () => {
    fake.jobs = [job("01JA", { runs_on: "local", instance: null, cost_usd: 0 })];
    renderDashboard(fake, "/training", "ko");
    const panel = await screen.findByTestId("job");
    expect(await within(panel).findByTestId("job-state")).toHaveAttribute("data-state", "running");
    expect(screen.queryByTestId("worker-command")).toBeNull();
    expect(panel).toHaveTextContent("로컬 클라우드의 컴퓨터");
  });

  it("the form starts with what a computer can train, and asks for no machine or budget", async () => {
    renderDashboard(fake, "/training");
    expect(await screen.findByRole("radio", { name: /^Speed/ })).toBeChecked();
    expect(screen.getByTestId("estimate")).toHaveTextContent("$0.00, at most 2 h");
    await openAdvanced();
    expect(screen.getByTestId("job-hours")).toBeVisible();
    expect(screen.queryByTestId("job-instance")).toBeNull();
    expect(screen.queryByTestId("job-budget")).toBeNull();
  });
});

it("configurations for photographs come first", () => {
  const [first, ...others] = trainingOptions().configs;
  expect(first?.parameters["input.size"]?.default).toBe(224);
  expect(others.at(-1)?.parameters["input.size"]?.default).toBe(32);
});
