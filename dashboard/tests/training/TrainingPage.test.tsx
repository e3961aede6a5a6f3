import { act, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { FakeApi, problem } from "../fakeApi";
import { job, trainingOptions } from "../jobs";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  fake = new FakeApi();
  fake.jobs = [];
  fake.trainingOptions = trainingOptions();
});

const user = () => userEvent.setup({ advanceTimers: vi.advanceTimersByTime.bind(vi) });
const seconds = (count: number) => act(() => vi.advanceTimersByTimeAsync(count * 1000));

describe("the form", () => {
  it("shows the classes and their imbalance, defaults explained, and what it can cost", async () => {
    renderDashboard(fake, "/training");
    const form = await screen.findByTestId("job-form");
    expect(form).toHaveTextContent("750 pictures, 3 classes.");
    expect(form).toHaveTextContent("Largest to smallest class: 8 to 1. Balance them");
    await user().selectOptions(screen.getByTestId("job-config"), "flowers");
    expect(within(form).getByTestId("setting-finetune.head.epochs")).toBeInTheDocument();
    await user().click(screen.getByText(/^finetune: \d+ more settings/));
    expect(
      await screen.findAllByText(/Largest norm of the gradient; 0 leaves it alone./),
    ).not.toHaveLength(0);
    expect(screen.getByTestId("estimate")).toHaveTextContent("At most $1.76 within 8 h");
  });

  it("sends only what was changed, and opens the job", async () => {
    renderDashboard(fake, "/training");
    await user().selectOptions(await screen.findByTestId("job-config"), "flowers");
    const version = screen.getByTestId("setting-version");
    await user().clear(version);
    await user().type(version, "9.0.0");
    await user().selectOptions(screen.getByTestId("job-instance"), "g4dn.xlarge");
    fake.jobs = [job("new", { epochs: [], progress: null, state: "queued" })];
    await user().click(screen.getByTestId("start-job"));
    expect(await screen.findByTestId("job")).toHaveTextContent("Queued");
    expect(await fake.sent("/training-jobs")).toEqual([
      {
        config: "flowers",
        data: "s3://datasets/pets",
        set: { version: "9.0.0" },
        instance: "g4dn.xlarge",
        on_demand: false,
        max_hours: 8,
        budget_usd: 10,
        promote: false,
      },
    ]);
  });

  it("says why a job was refused", async () => {
    fake.failing = (_, method) => (method === "POST" ? problem(422, "job_refused") : null);
    renderDashboard(fake, "/training");
    await user().click(await screen.findByTestId("start-job"));
    expect(await screen.findByTestId("problem")).toHaveTextContent("cannot run as it was asked");
  });
});

describe("a running job", () => {
  it("draws on as epochs come in, and says what is left and what it said last", async () => {
    fake.jobs = [job("one")];
    renderDashboard(fake, "/training");
    const panel = await screen.findByTestId("job");
    expect(await within(panel).findByText(/epoch 2 of 10/)).toHaveTextContent("4 min left");
    expect(screen.getByTestId("job-log")).toHaveTextContent("epoch 2 done");
    const [first] = fake.jobs[0]?.epochs ?? [];
    if (first === undefined) throw new Error("a job without an epoch");
    fake.jobs = [
      job("one", { epochs: [1, 2, 3].map((epoch) => ({ ...first, epoch, train_loss: epoch })) }),
    ];
    await seconds(4);
    const loss = await within(screen.getByTestId("loss-curve")).findByTestId("points");
    expect(loss).toHaveTextContent("training: 1,1 2,2 3,3");
  });

  it("is stopped only when that was confirmed", async () => {
    fake.jobs = [job("one")];
    renderDashboard(fake, "/training");
    await user().click(await screen.findByTestId("stop-job"));
    expect(await screen.findByTestId("stop")).toHaveTextContent("$0.03 has been spent so far");
    fake.jobs = [job("one", { state: "stopping" })];
    await user().click(screen.getByTestId("stop-confirm"));
    expect(await within(screen.getByTestId("job")).findByText("Stopping")).toBeVisible();
    const stopped = fake.requests.filter(({ method }) => method === "DELETE");
    expect(stopped).toHaveLength(1);
  });
});

describe("a finished job", () => {
  it("leads to its results", async () => {
    fake.jobs = [
      job("one", {
        state: "succeeded",
        ended_at: "2026-03-01T10:00:00Z",
        model: { name: "pets", version: "2.0.0" },
      }),
    ];
    renderDashboard(fake, "/training");
    await user().click(await screen.findByTestId("job-row"));
    expect(await screen.findByRole("link", { name: "Results of 2.0.0" })).toHaveAttribute(
      "href",
      "#/accuracy?version=2.0.0",
    );
  });
});
