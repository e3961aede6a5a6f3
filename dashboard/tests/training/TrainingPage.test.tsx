import { focusManager } from "@tanstack/react-query";
import { act, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { Health } from "visionflow-client";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { GOALS, preset } from "../../src/training/form/goals";
import { FakeApi, problem } from "../fakeApi";
import { dataset, version } from "../fakeDatasets";
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
const openAdvanced = async () => {
  await user().click(await screen.findByText(/^(Advanced|고급 설정)$/));
};
const seconds = (count: number) => act(() => vi.advanceTimersByTimeAsync(count * 1000));

describe("the form", () => {
  const flowers = trainingOptions().configs.find(({ name }) => name === "flowers");
  if (flowers === undefined) throw new Error("training offers no flowers");

  it("says whose prices stand for a region without any", async () => {
    fake.trainingOptions = {
      ...trainingOptions(),
      prices: { region: "us-east-1", instead_of: "eu-west-1", looked_up: "2026-11-27" },
    };
    renderDashboard(fake, "/training");
    expect(await screen.findByTestId("estimate")).toHaveTextContent(
      "no prices for eu-west-1 here; those of us-east-1 stand for them",
    );
  });

  it("leads with images, a goal and what each goal can cost", async () => {
    renderDashboard(fake, "/training");
    const form = await screen.findByTestId("job-form");
    expect(form).toHaveTextContent("Images: 750, classes: 3.");
    expect(form).toHaveTextContent("Largest to smallest class: 8 to 1. Rare classes get more");
    expect(screen.getByTestId("goal-quality")).toHaveTextContent(
      /resnet50.*at most 70\..*At most \$1.76 within 8 h/,
    );
    expect(screen.getByTestId("goal-speed")).toHaveTextContent(
      /resnet18.*at most 18\..*At most \$0.44 within 2 h/,
    );
    expect(within(form).getByRole("radio", { name: /^Quality/ })).toBeChecked();
    expect(screen.getByTestId("estimate")).toHaveTextContent("At most $1.76 within 8 h");
    expect(screen.getByTestId("estimate")).toHaveTextContent(
      /Prices of machines: us-east-1, looked up on 2026-11-27\.$/,
    );
    expect(screen.queryByTestId("job-config")).not.toBeInTheDocument();
  });

  it("offers goals that the configurations have", () => {
    const { configs } = trainingOptions();
    for (const goal of GOALS) {
      const { config, set } = preset(goal);
      const known = configs.find(({ name }) => name === config);
      expect(known?.recipe).toBe("finetune");
      expect(Object.keys(known?.parameters ?? {})).toEqual(
        expect.arrayContaining(Object.keys(set)),
      );
      // Photographs, and weights that know some.
      expect(known?.parameters["input.size"]?.default).toBe(224);
      expect(known?.parameters["model.weights"]?.default).toBe("imagenet");
    }
  });

  it("sends the goal's settings and calls the model like its folder", async () => {
    renderDashboard(fake, "/training");
    await user().click(await screen.findByRole("radio", { name: /^Speed/ }));
    fake.jobs = [job("new", { epochs: [], progress: null, state: "queued" })];
    await user().click(screen.getByTestId("start-job"));
    expect(await screen.findByTestId("job")).toHaveTextContent("Queued");
    expect(await fake.sent("/training-jobs")).toEqual([
      {
        config: "flowers",
        data: "s3://datasets/pets",
        set: {
          name: "pets",
          "data.balance": "effective",
          "finetune.head.epochs": 10,
          "finetune.body.epochs": 8,
        },
        on_demand: false,
        max_hours: 2,
        budget_usd: 2,
      },
    ]);
  });

  it("names every setting in words, with its default and its meaning", async () => {
    renderDashboard(fake, "/training");
    await openAdvanced();
    const form = screen.getByTestId("job-form");
    await user().selectOptions(screen.getByTestId("job-config"), "flowers");
    expect(screen.getByTestId("goal-own")).toBeInTheDocument();
    expect(screen.getByLabelText(/^Head: passes over the images/)).toHaveValue(30);
    await user().click(screen.getByText(/^Fine-tuning: more settings \(\d+\)/));
    expect(form).toHaveTextContent(
      flowers.parameters["finetune.body.patience"]?.about.en ?? "none",
    );
    expect(form).not.toHaveTextContent("finetune.body");
    await user().click(screen.getByRole("radio", { name: /^Quality/ }));
    expect(screen.getByTestId("job-config")).toHaveValue("visionflow20");
    expect(screen.queryByTestId("goal-own")).not.toBeInTheDocument();
  });

  it("shows no goal as chosen whose settings were changed", async () => {
    renderDashboard(fake, "/training");
    await openAdvanced();
    const quality = screen.getByRole("radio", { name: /^Quality/ });
    const epochs = screen.getByLabelText(/^Head: passes over the images/);
    const usual = (epochs as HTMLInputElement).value;
    await user().type(screen.getByTestId("setting-version"), "2.0.0");
    expect(quality).toBeChecked();
    await user().clear(epochs);
    await user().type(epochs, "3");
    expect(quality).not.toBeChecked();
    expect(screen.getByTestId("goal-own")).toHaveTextContent("Choose a goal to go back");
    await user().click(screen.getByTestId("start-job"));
    expect(await fake.sent("/training-jobs")).toMatchObject([
      { config: "visionflow20", set: { name: "pets", version: "2.0.0" } },
    ]);
    await user().click(quality);
    expect(quality).toBeChecked();
    expect(screen.getByLabelText(/^Head: passes over the images/)).toHaveValue(Number(usual));
  });

  it("explains configurations and fields in the reader's language", async () => {
    renderDashboard(fake, "/training", "ko");
    await openAdvanced();
    const form = screen.getByTestId("job-form");
    await user().selectOptions(screen.getByTestId("job-config"), "flowers");
    expect(form).toHaveTextContent(flowers.summary.ko);
    expect(form).toHaveTextContent(flowers.parameters.precision?.about.ko ?? "none");
    expect(screen.getByLabelText(/^학습 정밀도/)).toBeInTheDocument();
    expect(form).not.toHaveTextContent(flowers.summary.en);
  });

  it("sends only what was changed under Advanced, and opens the job", async () => {
    renderDashboard(fake, "/training");
    await openAdvanced();
    await user().selectOptions(screen.getByTestId("job-config"), "flowers");
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
    fake.trainingOptions = { ...trainingOptions(), instances: [], runs_on: "local" };
    renderDashboard(fake, "/training");
    const form = await screen.findByTestId("job-form");
    expect(form).toHaveTextContent(
      "only while this command runs on its computer: visionflow jobs machines",
    );
  });

  it("leaves promotion to a person or to the rule", async () => {
    renderDashboard(fake, "/training");
    const form = within(await screen.findByTestId("job-form"));
    expect(form.queryByRole("checkbox", { name: /promote/i })).not.toBeInTheDocument();
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

describe("a dataset", () => {
  beforeEach(() => {
    fake.datasets.list = [dataset("fruit", ["apple", "pear"])];
    fake.datasets.versions = [version(2), version(1)];
    // The form reads no more of it.
    fake.datasets.health = {
      labelled: 120,
      classes: [
        { name: "apple", images: 80, groups: 80, suspected: 0, outliers: 0 },
        { name: "pear", images: 40, groups: 40, suspected: 0, outliers: 0 },
      ],
    } as Health;
  });

  it("is chosen first, counted, and sent as it is now", async () => {
    renderDashboard(fake, "/training");
    const form = await screen.findByTestId("job-form");
    expect(screen.getByTestId("job-data")).toHaveValue("dataset:fruit");
    expect(await within(form).findByText(/^Images: 120, classes: 2\./)).toBeVisible();
    await user().click(screen.getByTestId("start-job"));
    const [sent] = await fake.sent("/training-jobs");
    expect(sent).toMatchObject({
      dataset: "fruit",
      config: "visionflow20",
      set: { name: "fruit" },
    });
    expect(sent).not.toHaveProperty("data");
    expect(sent).not.toHaveProperty("dataset_version");
  });

  it("can be trained in an earlier version, under the name that is shown", async () => {
    renderDashboard(fake, "/training");
    await openAdvanced();
    await within(screen.getByTestId("job-version")).findByText(/^1 · .* · images: 100$/);
    await user().selectOptions(screen.getByTestId("job-version"), "1");
    expect(screen.getByTestId("setting-name")).toHaveValue("fruit");
    await user().click(screen.getByText(/^Data: more settings \(\d+\)/));
    expect(screen.queryByTestId("setting-data.group_by")).not.toBeInTheDocument();
    await user().click(screen.getByTestId("start-job"));
    expect(await fake.sent("/training-jobs")).toMatchObject([
      { dataset: "fruit", dataset_version: 1 },
    ]);
  });

  it("gives way to a folder of the bucket", async () => {
    renderDashboard(fake, "/training");
    await user().selectOptions(await screen.findByTestId("job-data"), "s3://datasets/pets");
    await user().click(screen.getByTestId("start-job"));
    const [sent] = await fake.sent("/training-jobs");
    expect(sent).toMatchObject({ data: "s3://datasets/pets" });
    expect(sent).not.toHaveProperty("dataset");
  });

  it("is made on the page of data where there are no images", async () => {
    fake.datasets.list = [];
    fake.trainingOptions = { ...trainingOptions(), datasets: [] };
    renderDashboard(fake, "/training");
    const empty = await screen.findByTestId("no-data");
    expect(within(empty).getByRole("link")).toHaveAttribute("href", "#/data");
    expect(screen.queryByTestId("start-job")).not.toBeInTheDocument();
  });

  it("is offered although it was made after the form was opened", async () => {
    const made = fake.datasets.list;
    fake.datasets.list = [];
    fake.trainingOptions = { ...trainingOptions(), datasets: [] };
    renderDashboard(fake, "/training");
    await screen.findByTestId("no-data");
    fake.datasets.list = made;
    act(() => {
      focusManager.setFocused(false);
      focusManager.setFocused(true);
    });
    expect(await screen.findByTestId("job-data")).toHaveValue("dataset:fruit");
    await user().click(screen.getByTestId("start-job"));
    expect(await fake.sent("/training-jobs")).toMatchObject([{ dataset: "fruit" }]);
  });

  it("is asked for again where the list could not be read", async () => {
    fake.failing = (path) => (path === "/datasets" ? problem(503, "platform_unavailable") : null);
    renderDashboard(fake, "/training");
    const failed = await screen.findByTestId("problem");
    expect(failed).toHaveAttribute("data-code", "platform_unavailable");
    expect(screen.queryByTestId("job-form")).not.toBeInTheDocument();
    fake.failing = null;
    await user().click(within(failed).getByRole("button"));
    expect(await screen.findByTestId("job-data")).toHaveValue("dataset:fruit");
  });

  it("is waited for while its images are compared, and makes one job", async () => {
    let comparing = true;
    fake.failing = (path, method) =>
      comparing && method === "POST" && path === "/training-jobs"
        ? problem(409, "dataset_comparing")
        : null;
    renderDashboard(fake, "/training");
    await user().click(await screen.findByTestId("start-job"));
    expect(await screen.findByTestId("comparing")).toHaveTextContent("starts automatically");
    expect(screen.getByTestId("start-job")).toBeDisabled();
    expect(screen.queryByTestId("problem")).not.toBeInTheDocument();
    await seconds(5);
    comparing = false;
    fake.jobs = [job("new", { epochs: [], progress: null, state: "queued" })];
    await seconds(5);
    expect(await screen.findByTestId("job")).toHaveTextContent("Queued");
    expect(screen.queryByTestId("comparing")).not.toBeInTheDocument();
    expect(await fake.sent("/training-jobs")).toHaveLength(3);
  });

  it("is not trained once the wait for its images was cancelled, or was too long", async () => {
    fake.failing = (path, method) =>
      method === "POST" && path === "/training-jobs" ? problem(409, "dataset_comparing") : null;
    const { unmount } = renderDashboard(fake, "/training");
    await user().click(await screen.findByTestId("start-job"));
    await user().click(within(await screen.findByTestId("comparing")).getByRole("button"));
    await seconds(20);
    expect(screen.queryByTestId("comparing")).not.toBeInTheDocument();
    expect(screen.queryByTestId("problem")).not.toBeInTheDocument();
    expect(await fake.sent("/training-jobs")).toHaveLength(1);
    await user().click(screen.getByTestId("start-job"));
    await screen.findByTestId("comparing");
    await seconds(90);
    const late = await screen.findByTestId("problem");
    expect(late).toHaveAttribute("data-code", "dataset_comparing");
    expect(late).toHaveTextContent("Try again in a moment");
    expect(await fake.sent("/training-jobs")).toHaveLength(21);
    await user().click(screen.getByTestId("start-job"));
    await screen.findByTestId("comparing");
    unmount();
    await seconds(20);
    expect(await fake.sent("/training-jobs")).toHaveLength(22);
  });

  it("may take as long to be frozen as the gateway waits", async () => {
    renderDashboard(fake, "/training");
    const start = await screen.findByTestId("start-job");
    const timeout = vi.spyOn(AbortSignal, "timeout");
    await user().click(start);
    expect(timeout.mock.calls[0]).toEqual([31_000]);
    timeout.mockRestore();
  });

  it("is not needed by a deployment that knows none", async () => {
    fake.datasets.list = null;
    renderDashboard(fake, "/training");
    expect(await screen.findByTestId("job-data")).toHaveValue("s3://datasets/pets");
  });

  it("is linked from its job", async () => {
    fake.jobs = [
      job("one", { config: { ...job("one").config, dataset: "fruit", dataset_version: 2 } }),
    ];
    renderDashboard(fake, "/training");
    const panel = await screen.findByTestId("job");
    expect(await within(panel).findByRole("link", { name: "fruit" })).toHaveAttribute(
      "href",
      "#/data?dataset=fruit",
    );
    expect(panel).toHaveTextContent("fruit, version 2");
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
    await openAdvanced();
    const form = screen.getByTestId("job-form");
    expect(form).toHaveTextContent("Once a job has published a version");
    expect(within(screen.getByTestId("job-grow-from")).getAllByRole("option")).toHaveLength(1);
  });

  it("keeps the network and the preparation, tells the new classes, and sends the job", async () => {
    fake.jobs = [succeeded()];
    fake.trainingOptions = offered({ cat: 250, dog: 250 });
    renderDashboard(fake, "/training");
    await openAdvanced();
    await user().selectOptions(screen.getByTestId("job-grow-from"), "old");
    expect(screen.getByTestId("growth")).toHaveTextContent("New classes: ferret.");
    expect(screen.getByTestId("goal-own")).toHaveTextContent("set “Add classes to” to “No");
    expect(screen.getByTestId("job-config")).toBeDisabled();
    expect(screen.getByTestId("job-config")).toHaveValue("flowers");
    expect(screen.getByTestId("job-model")).toBeDisabled();
    expect(screen.getByTestId("job-model")).toHaveValue("resnet34");
    await user().click(screen.getByText(/^Preparation of images: more settings \(\d+\)/));
    expect(await screen.findByTestId("setting-input.size")).toBeDisabled();
    await user().click(screen.getByText(/^Network: more settings \(\d+\)/));
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
    await openAdvanced();
    await user().selectOptions(screen.getByTestId("job-grow-from"), "old");
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
      "#/accuracy?model=pets%2F2.0.0",
    );
  });
});
