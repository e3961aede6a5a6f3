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

function refused(field: string | null): Response {
  const body = {
    ...{ type: "urn:visionflow:problem:job_refused", title: "Job refused", status: 422 },
    ...{ detail: "set: it must be another.", code: "job_refused", request_id: "r", field },
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
    expect(input).toHaveAccessibleDescription("set: it must be another.");
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
