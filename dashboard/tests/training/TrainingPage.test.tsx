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
  const flowers = trainingOptions().configs.find(({ name }) => name === "flowers");
  if (flowers === undefined) throw new Error("training offers no flowers");

  it("shows the classes and their imbalance, defaults explained, and what it can cost", async () => {
    renderDashboard(fake, "/training");
    const form = await screen.findByTestId("job-form");
    expect(form).toHaveTextContent("Images: 750, classes: 3.");
    expect(form).toHaveTextContent("Largest to smallest class: 8 to 1. Balance them");
    await user().selectOptions(screen.getByTestId("job-config"), "flowers");
    expect(within(form).getByTestId("setting-finetune.head.epochs")).toBeInTheDocument();
    await user().click(screen.getByText(/^finetune: \d+ more settings/));
    expect(form).toHaveTextContent(
      flowers.parameters["finetune.body.patience"]?.about.en ?? "none",
    );
    expect(screen.getByTestId("estimate")).toHaveTextContent("At most $1.76 within 8 h");
  });

  it("explains configurations and fields in the reader's language", async () => {
    renderDashboard(fake, "/training", "ko");
    const form = await screen.findByTestId("job-form");
    await user().selectOptions(screen.getByTestId("job-config"), "flowers");
    expect(form).toHaveTextContent(flowers.summary.ko);
    expect(form).toHaveTextContent(flowers.parameters.precision?.about.ko ?? "none");
    expect(form).not.toHaveTextContent(flowers.summary.en);
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
      },
    ]);
  });

  it("says what trains the jobs of a local cloud", async () => {
    renderDashboard(fake, "/training");
    const form = await screen.findByTestId("job-form");
    expect(form).toHaveTextContent("while this command runs there: visionflow jobs machines");
  });

  it("says why a job was refused", async () => {
    fake.failing = (_, method) => (method === "POST" ? problem(422, "job_refused") : null);
    renderDashboard(fake, "/training");
    await user().click(await screen.findByTestId("start-job"));
    expect(await screen.findByTestId("problem")).toHaveTextContent(
      "cannot run with these settings",
    );
  });
});

describe("further classes for a version", () => {
  const succeeded = () =>
    job("old", {
      state: "succeeded",
      ended_at: "2026-03-01T10:00:00Z",
      model: { name: "pets", version: "2.0.0" },
      config: {
        ...job("old").config,
        data: "s3://datasets/two-pets",
        model: "resnet34",
        set: { version: "2.0.0", "model.dropout": 0.2, "model.widths": [8, 16, 32] },
      },
    });
  const twoPets = (classes: Record<string, number>) => ({
    prefix: "s3://datasets/two-pets",
    classes,
    images: 500,
    complete: true,
  });
  const offered = (classes: Record<string, number>) => {
    const options = trainingOptions();
    return { ...options, datasets: [...options.datasets, twoPets(classes)] };
  };

  it("is offered for what a job has trained, and for nothing else", async () => {
    fake.jobs = [job("failed", { state: "failed" })];
    renderDashboard(fake, "/training");
    const form = await screen.findByTestId("job-form");
    expect(form).toHaveTextContent("Once a job has published a version");
    expect(within(screen.getByTestId("job-grow-from")).getAllByRole("option")).toHaveLength(1);
  });

  it("keeps the network and the preparation, tells the new classes, and sends the job", async () => {
    fake.jobs = [succeeded()];
    fake.trainingOptions = offered({ cat: 250, dog: 250 });
    renderDashboard(fake, "/training");
    await user().selectOptions(await screen.findByTestId("job-grow-from"), "old");
    expect(screen.getByTestId("growth")).toHaveTextContent("New classes: ferret.");
    expect(screen.getByTestId("job-config")).toBeDisabled();
    expect(screen.getByTestId("job-config")).toHaveValue("flowers");
    expect(screen.getByTestId("job-model")).toBeDisabled();
    expect(screen.getByTestId("job-model")).toHaveValue("resnet34");
    await user().click(screen.getByText(/^input: \d+ more settings/));
    expect(await screen.findByTestId("setting-input.size")).toBeDisabled();
    await user().click(screen.getByText(/^model: \d+ more settings/));
    expect(await screen.findByTestId("setting-model.head")).toBeDisabled();
    expect(screen.queryByTestId("setting-model.grow_from")).not.toBeInTheDocument();
    expect(screen.getByTestId("setting-model.dropout")).toBeEnabled();
    expect(screen.getByTestId("setting-model.dropout")).toHaveValue(0.2);
    await user().click(screen.getByTestId("start-job"));
    expect(await fake.sent("/training-jobs")).toMatchObject([
      {
        config: "flowers",
        data: "s3://datasets/pets",
        model: "resnet34",
        set: { "model.dropout": 0.2, "model.widths": [8, 16, 32] },
        grow_from: "old",
      },
    ]);
    expect((await fake.sent("/training-jobs"))[0]).not.toHaveProperty("set.version");
  });

  it("is not started without images of an old class", async () => {
    fake.jobs = [succeeded()];
    fake.trainingOptions = offered({ cat: 250, hamster: 250 });
    renderDashboard(fake, "/training", "ko");
    await user().selectOptions(await screen.findByTestId("job-grow-from"), "old");
    expect(screen.getByTestId("growth")).toHaveTextContent("이미지가 없습니다: hamster.");
    expect(screen.getByTestId("start-job")).toBeDisabled();
    await user().selectOptions(screen.getByTestId("job-grow-from"), "");
    expect(screen.getByTestId("start-job")).toBeEnabled();
    expect(screen.getByTestId("job-model")).toHaveValue("");
  });

  it("stands with the job that got them", async () => {
    fake.jobs = [job("new", { config: { ...job("new").config, grow_from: "old" } })];
    renderDashboard(fake, "/training");
    const panel = await screen.findByTestId("job");
    expect(await within(panel).findByRole("link", { name: "old" })).toHaveAttribute(
      "href",
      "#/training?job=old",
    );
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
      "#/accuracy?model=pets&version=2.0.0",
    );
  });
});
