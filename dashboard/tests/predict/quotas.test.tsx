import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { viewer } from "../callers";
import { FakeApi, problem } from "../fakeApi";
import { answer } from "../records";
import { costs } from "../registry";
import { renderDashboard } from "../render";

const image = (name: string) => new File([name], name, { type: "image/jpeg" });

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.prediction = answer();
});

/** What the API refuses with, and for how many seconds. */
const refusing = (code: string, seconds: number) => {
  fake.failing = (path) => {
    if (!path.startsWith("/predict?")) return null;
    const refusal = problem(429, code);
    refusal.headers.set("Retry-After", String(seconds));
    return refusal;
  };
};

describe("images over a quota", () => {
  it("wait for the next minute, and are then classified without a click", async () => {
    refusing("quota_exceeded", 1);
    renderDashboard(fake, "/predict");
    const input = await screen.findByTestId("file-input");
    await userEvent.upload(input, [image("a.jpg"), image("b.jpg")]);
    expect(await screen.findByTestId("queue-waits")).toHaveTextContent(
      "continues automatically at",
    );
    expect(screen.queryByTestId("problem")).not.toBeInTheDocument();
    fake.failing = null;
    expect(await screen.findByText("2 of 2 classified")).toBeVisible();
    expect(screen.queryByTestId("queue-waits")).not.toBeInTheDocument();
  });

  it("of the month stop, with the time when they may go on", async () => {
    refusing("quota_exceeded", 20 * 86_400);
    renderDashboard(fake, "/predict", "ko");
    const input = await screen.findByTestId("file-input");
    await userEvent.upload(input, [image("a.jpg"), image("b.jpg"), image("c.jpg")]);
    const notice = await screen.findByTestId("queue-stopped");
    expect(notice).toHaveTextContent("사용 한도를 모두 썼습니다.");
    expect(notice).toHaveTextContent("보내지 않은 이미지: 3장");
    expect(within(notice).getByTestId("retry-at")).toHaveTextContent(/\d{4}\. \d+\. \d+\./);
    fake.failing = null;
    await userEvent.click(within(notice).getByRole("button", { name: "다시 시도" }));
    await vi.waitFor(() => {
      expect(screen.getByTestId("queue-count")).toHaveTextContent("3");
    });
  });
});

describe("a budget that is used up", () => {
  it("stands above every page, until something is classified again", async () => {
    refusing("budget_stopped", 86_400);
    fake.me = viewer();
    renderDashboard(fake, "/predict");
    await userEvent.upload(await screen.findByTestId("file-input"), image("a.jpg"));
    const banner = await screen.findByTestId("budget-stopped");
    expect(banner).toHaveTextContent("Images are not classified and jobs do not start.");
    expect(banner).toHaveTextContent("The next month begins at");
    expect(screen.queryByTestId("budget-resume")).not.toBeInTheDocument();
    await userEvent.click(screen.getByTestId("nav-history"));
    expect(await screen.findByTestId("budget-stopped")).toBeVisible();
    await userEvent.click(screen.getByTestId("nav-predict"));
    fake.failing = null;
    await userEvent.click(await screen.findByRole("button", { name: "Continue" }));
    await screen.findByTestId("result-label");
    expect(screen.queryByTestId("budget-stopped")).not.toBeInTheDocument();
  });

  it("is known from the costs, and an admin can go on in spite of it", async () => {
    const stopped = { at: "2026-03-01T09:00:00.000000Z", reason: "The budget is spent." };
    fake.costs = { ...costs(), stopped };
    renderDashboard(fake, "/");
    await userEvent.click(await screen.findByTestId("budget-resume"));
    expect(await screen.findByTestId("resume")).toHaveTextContent("beyond the budget");
    expect(fake.count("/budget/resume")).toBe(0);
    fake.costs = costs();
    await userEvent.click(screen.getByTestId("resume-confirm"));
    await vi.waitFor(() => {
      expect(screen.queryByTestId("budget-stopped")).not.toBeInTheDocument();
    });
    expect(fake.count("/budget/resume")).toBe(1);
  });
});
