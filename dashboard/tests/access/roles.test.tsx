import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { Me } from "visionflow-client";
import { beforeEach, describe, expect, it } from "vitest";

import { me, viewer } from "../callers";
import { FakeApi, problem } from "../fakeApi";
import { job, trainingOptions } from "../jobs";
import { model, registry, rollbackRule } from "../registry";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = {
    ...registry(),
    items: [model("2.0.0"), model("1.0.0", { aliases: ["production"] })],
    aliases: {
      production: { name: "visionflow20", version: "1.0.0" },
      canary: { name: "visionflow20", version: "2.0.0", percent: 10 },
      shadow: { name: "visionflow20", version: "2.0.0" },
    },
  };
  fake.rule = rollbackRule();
  fake.promotionRule = { enabled: false, min_images: 100, min_gain: 0 };
  fake.jobs = [job("failed", { state: "failed", ended_at: "2026-03-01T10:00:00Z" })];
  fake.trainingOptions = trainingOptions();
});

const ROLES: Record<string, Me> = {
  viewer: viewer(),
  labeller: viewer({ scopes: ["predict", "read", "feedback", "label"] }),
  "model-admin": viewer({
    scopes: ["predict", "read", "feedback", "label", "models", "admin"],
    second_factor: true,
  }),
  spender: viewer({ scopes: ["predict", "read", "feedback", "jobs"] }),
};
const MOVES = ["rollback", "end-canary", "end-shadow", "promote", "canary", "shadow", "retire"];

describe.each(Object.entries(ROLES))("a %s", (role, caller) => {
  beforeEach(() => {
    fake.me = caller;
  });

  it("is offered on Models what the role may do", async () => {
    renderDashboard(fake, "/models");
    await screen.findByTestId("versions");
    const isAdmin = role === "model-admin";
    if (isAdmin) await screen.findByTestId("promote");
    else await screen.findAllByTestId("missing-scope");
    const offered = MOVES.filter((name) => screen.queryByTestId(name) !== null);
    expect(offered).toEqual(isAdmin ? MOVES : []);
    expect((await screen.findByTestId("rule-enabled")).matches(":disabled")).toBe(!isAdmin);
    expect((await screen.findByTestId("promotion-enabled")).matches(":disabled")).toBe(!isAdmin);
    expect(screen.queryByTestId("rule-save") !== null).toBe(isAdmin);
    expect(screen.queryByTestId("nav-access") !== null).toBe(isAdmin);
  });

  it("is offered jobs where the role may start them", async () => {
    renderDashboard(fake, "/training?job=failed");
    await screen.findByTestId("job-log");
    if (role === "spender") {
      expect(await screen.findByTestId("job-form")).toBeVisible();
      expect(screen.getByTestId("resume-job")).toBeVisible();
    } else {
      const why = within(await screen.findByTestId("no-jobs"));
      expect(why.getByTestId("missing-scope")).toHaveTextContent(
        "start, stop and resume training jobs and backfills (scope “jobs”)",
      );
      expect(screen.queryByTestId("job-form")).not.toBeInTheDocument();
      expect(screen.queryByTestId("resume-job")).not.toBeInTheDocument();
    }
  });

  it("sees the page for admins only as one", async () => {
    renderDashboard(fake, "/access");
    const shown = role === "model-admin" ? "tab-keys" : "not-admin";
    expect(await screen.findByTestId(shown)).toBeVisible();
    expect(fake.count("/keys") > 0).toBe(role === "model-admin");
  });
});

describe("a refused request", () => {
  const refuse = () => {
    fake.failing = (path, method) =>
      method === "POST" && path === "/models/rollback" ? problem(403, "forbidden") : null;
  };
  const rollBack = async () => {
    await userEvent.click(await screen.findByTestId("rollback"));
    await screen.findByTestId("move-changes");
    await userEvent.click(screen.getByTestId("move-confirm"));
    return screen.findByTestId("problem");
  };

  it.each([
    ["en", "change which versions serve (scope “models”)"],
    ["ko", "서비스 중인 버전 변경 권한(스코프 “models”)"],
  ] as const)("names the scope that it lacked: %s", async (language, sentence) => {
    fake.me = null; // so that all is offered
    fake.failing = (path, method) => {
      if (method !== "POST" || path !== "/models/rollback") return null;
      fake.me = viewer();
      return problem(403, "forbidden");
    };
    renderDashboard(fake, "/models", language);
    expect(await rollBack()).toHaveTextContent(sentence);
  });

  it("of a caller with the scope names none", async () => {
    refuse();
    renderDashboard(fake, "/models");
    const shown = await rollBack();
    expect(shown).toHaveTextContent("Your account may not do this.");
    expect(screen.queryByTestId("missing-scope")).not.toBeInTheDocument();
  });
});

describe("an admin without a second factor", () => {
  beforeEach(() => {
    fake.me = viewer({ roles: ["model-admin"], waiting_roles: ["model-admin"] });
  });

  it("is told so on every page, with the way to set it up", async () => {
    renderDashboard(fake, "/history");
    const banner = await screen.findByTestId("factor-waits");
    expect(banner).toHaveTextContent(
      "Your role “Model admin” has all its rights only with a second",
    );
    await userEvent.click(within(banner).getByRole("link", { name: "Set up the second factor" }));
    expect(await screen.findByRole("heading", { level: 1 })).toHaveTextContent("Your account");
  });

  it("reads why moves are not offered", async () => {
    renderDashboard(fake, "/models");
    await screen.findByTestId("versions");
    const [why] = await screen.findAllByTestId("missing-scope");
    expect(why).toHaveTextContent("Your role gives it once you have set up a second factor.");
  });
});

describe("what the API says of the caller", () => {
  it("is asked once for all pages", async () => {
    renderDashboard(fake, "/models");
    await screen.findByTestId("promote");
    await userEvent.click(screen.getByTestId("nav-training"));
    await screen.findByTestId("job-form");
    expect(fake.count("/me")).toBe(1);
  });

  it("is not needed to offer what an older API decides by itself", async () => {
    fake.me = null;
    renderDashboard(fake, "/models");
    expect(await screen.findByTestId("promote")).toBeVisible();
  });

  it("offers everything in a stage without sign-in", async () => {
    fake.me = me();
    renderDashboard(fake, "/access");
    expect(await screen.findByTestId("tab-keys")).toBeVisible();
  });
});
