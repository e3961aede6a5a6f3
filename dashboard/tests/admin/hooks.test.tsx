import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { hookState } from "../callers";
import { FakeApi } from "../fakeApi";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  const erp = hookState("erp");
  fake.hooks = [
    {
      ...erp,
      wants: { ...erp.wants, kinds: ["prediction.recorded"], labels: ["scratch"] },
      outcome: erp.outcome && {
        ...erp.outcome,
        last_failure_at: "2026-03-01T08:59:00.000000Z",
        last_failure_status: 500,
        dead: 2,
      },
    },
    hookState("team", { kind: "email", target: "team@example.com", outcome: null }),
  ];
});

const PAGE = "/access?tab=hooks";

describe("the hooks", () => {
  it("are listed with what they want and how it went", async () => {
    renderDashboard(fake, PAGE);
    const [erp, team] = await screen.findAllByTestId("hook-row");
    expect(erp).toHaveTextContent(/Predictions, scratch.*failed .*status 500.*2 given up/);
    expect(team).toHaveTextContent(/everything.*not known for this target/);
    expect(screen.getAllByTestId("hook-rotate")).toHaveLength(1);
    expect(screen.getByTestId("hooks-waiting")).toHaveTextContent("webhooks: 3. Given up: 1.");
  });

  it("are tried, and what was given up is delivered again", async () => {
    renderDashboard(fake, PAGE);
    await userEvent.click(await screen.findByLabelText("Send a test to erp"));
    await vi.waitFor(() => {
      expect(screen.getByTestId("hooks-said")).toHaveTextContent("on its way to erp");
    });
    await userEvent.click(screen.getByTestId("hook-replay"));
    await vi.waitFor(() => {
      expect(screen.getByTestId("hooks-said")).toHaveTextContent("1 events are on their way");
    });
    expect([fake.count("/hooks/erp/test"), fake.count("/hooks/erp/replay")]).toEqual([1, 1]);
  });

  it("show a secret once, when they are added and when it is replaced", async () => {
    fake.hooks = [];
    renderDashboard(fake, PAGE);
    await screen.findByTestId("hooks-empty");
    await userEvent.click(screen.getByTestId("hook-add"));
    await userEvent.type(screen.getByTestId("hook-name"), "orders");
    await userEvent.type(screen.getByTestId("hook-target"), "https://orders.example.com/");
    await userEvent.click(screen.getByTestId("hook-kind-model.moved"));
    await userEvent.type(screen.getByTestId("hook-labels"), "a, b");
    await userEvent.type(screen.getByTestId("hook-at-least"), "0.8");
    await userEvent.click(screen.getByTestId("hook-submit"));
    expect(await screen.findByTestId("secret-text")).toHaveValue("whsec_new");
    expect((await fake.sent("/hooks")).at(-1)).toEqual({
      name: "orders",
      target: "https://orders.example.com/",
      kinds: ["model.moved"],
      labels: ["a", "b"],
      confidence_at_least: 0.8,
      confidence_below: null,
    });
    await userEvent.click(screen.getByTestId("hook-secret-done"));
    expect(document.body.innerHTML).not.toContain("whsec_new");
    await userEvent.click(await screen.findByTestId("hook-rotate"));
    expect(await screen.findByTestId("secret-text")).toHaveValue("whsec_other");
  });

  it("are removed only after the consequence was confirmed", async () => {
    renderDashboard(fake, PAGE, "ko");
    await userEvent.click(await screen.findByLabelText("erp 삭제"));
    expect(screen.getByTestId("hook-remove-dialog")).toHaveTextContent(
      "더 이상 이벤트를 받지 않으며",
    );
    await userEvent.click(screen.getByTestId("hook-remove-confirm"));
    await vi.waitFor(() => {
      expect(screen.getAllByTestId("hook-row")).toHaveLength(1);
    });
  });
});
