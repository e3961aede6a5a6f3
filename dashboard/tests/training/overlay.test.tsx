import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";

import { FakeApi } from "../fakeApi";
import { job, trainingOptions } from "../jobs";
import { renderDashboard } from "../render";

const epoch = (n: number, top1: number) => ({
  epoch: n,
  train_loss: 1,
  train_top1: 0.5,
  validation_loss: 1 / n,
  validation_top1: top1,
  seconds: 1,
});

async function pick(box: HTMLElement | undefined) {
  if (box === undefined) throw new Error("there is no such box");
  await userEvent.click(box);
}

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.trainingOptions = trainingOptions();
  fake.jobs = Array.from({ length: 8 }, (_, n) =>
    job(`job-${n}`, {
      state: "succeeded",
      ended_at: "2026-03-01T10:00:00.000000Z",
      created_at: `2026-03-01T09:0${n}:00.000000Z`,
      epochs: n === 7 ? [] : [epoch(1, 0.5), epoch(2, 0.6 + n / 100)],
    }),
  );
});

it("lays the curves of chosen jobs over each other", async () => {
  renderDashboard(fake, "/training");
  expect(await screen.findByText(/Choose two or more jobs/)).toBeVisible();
  const picks = await screen.findAllByTestId("pick-curve");
  await pick(picks[0]);
  expect(screen.getByText("Choose one more job.")).toBeVisible();
  await pick(picks[3]);
  expect(window.location.hash).toContain("compare=job-0%2Cjob-3");
  const accuracy = await screen.findByTestId("overlay-accuracy");
  expect(await within(accuracy).findByTestId("points")).toHaveTextContent(/1,0.5 2,0.6 .*2,0.63/);
  const table = screen.getByTestId("overlay-table");
  expect(table).toHaveTextContent("60.0%");
  expect(table).toHaveTextContent("63.0%");
});

it("takes no more curves than can be told apart", async () => {
  renderDashboard(fake, "/training?compare=job-0,job-1,job-2,job-3,job-4,job-5");
  const picks = await screen.findAllByTestId("pick-curve");
  expect(picks[6]).toBeDisabled();
  await pick(picks[0]);
  expect(picks[6]).toBeEnabled();
});

it("says that a chosen job has no epoch, and asks for one that is not listed", async () => {
  const older = fake.jobs?.[2];
  renderDashboard(fake, "/training?compare=job-7,job-2");
  const table = await screen.findByTestId("overlay-table");
  expect(older).toBeDefined();
  expect(within(table).getAllByRole("row")).toHaveLength(3);
  expect(table).toHaveTextContent("–");
  await userEvent.click(screen.getByText("Choose none"));
  expect(screen.getByText(/Choose two or more jobs/)).toBeVisible();
  expect(window.location.hash).not.toContain("compare");
});
