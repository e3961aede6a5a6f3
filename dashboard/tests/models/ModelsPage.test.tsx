import { fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeApi, json, problem } from "../fakeApi";
import { model, registry, rollbackRule, stats } from "../registry";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registry();
  fake.stats = stats();
  fake.rule = rollbackRule();
  fake.moves = [
    {
      alias: "production",
      name: "visionflow20",
      version: "1.0.0",
      percent: null,
      moved_at: "2026-03-01T09:00:00Z",
      by: "ann",
      action: "promote",
      reason: "better on cats",
    },
  ];
});

const open = (version: string) =>
  userEvent.click(screen.getByRole("button", { name: `visionflow20 ${version}` }));

describe("the versions", () => {
  it("say in Korean how int8 was made", async () => {
    renderDashboard(fake, "/models", "ko");
    expect(await screen.findByText(/정적 QDQ, 활성값 uint8, .* 편향 보정/)).toBeVisible();
  });

  it("show what serves, each form's size and speed, and the gate", async () => {
    renderDashboard(fake, "/models");
    expect(await screen.findByTestId("serving")).toHaveTextContent("visionflow20 1.0.0");
    expect(screen.getByTestId("forms")).toHaveTextContent("ONNX int8 served5.9 MB6.5 ms4.9×");
    const gate = await screen.findByTestId("gate");
    expect(gate).toHaveTextContent("int8: accuracy drop0.00441≤ 0.005");
    expect(gate).toHaveTextContent("int8 versus fp32: changed unknown decisions0.00441≤ 0.02");
    expect(await screen.findByText("better on cats")).toBeVisible();
    expect(screen.getByTestId("drift")).toHaveTextContent("steady");
  });

  it("are compared when two are ticked", async () => {
    renderDashboard(fake, "/models");
    const ticks = await screen.findAllByTestId("compare-check");
    for (const tick of ticks) await userEvent.click(tick);
    const comparison = await screen.findByTestId("comparison");
    expect(await within(comparison).findByText("101")).toBeVisible();
    expect(comparison).toHaveTextContent("Same answers94.0%");
    expect(comparison).toHaveTextContent("10.0% (unsure 6, unfamiliar 4)");
  });
});

describe("two models with the same version", () => {
  beforeEach(() => {
    const other = model("1.0.0", { name: "starter", aliases: [] });
    fake.models = { ...registry(), items: [other, ...registry().items] };
  });

  it("are told apart: production is shown, the other one on request", async () => {
    renderDashboard(fake, "/models");
    const details = within(await screen.findByTestId("model-detail"));
    expect(details.getByRole("heading", { name: "visionflow20 1.0.0" })).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "starter 1.0.0" }));
    expect(await screen.findByRole("heading", { name: "starter 1.0.0" })).toBeVisible();
    expect(window.location.hash).toBe("#/models?model=starter%2F1.0.0");
    expect(fake.count("/models/starter/1.0.0")).toBe(1);
  });

  it("are compared each with its own numbers", async () => {
    renderDashboard(fake, "/models");
    const ticks = await screen.findAllByTestId("compare-check");
    for (const tick of [ticks[0], ticks[2]]) if (tick) await userEvent.click(tick);
    const comparison = within(await screen.findByTestId("comparison"));
    expect(comparison.getByRole("columnheader", { name: "starter 1.0.0" })).toBeVisible();
    expect(comparison.getByRole("columnheader", { name: "visionflow20 1.0.0" })).toBeVisible();
    expect(await comparison.findByText("100")).toBeVisible();
    expect(comparison.getByText("101")).toBeVisible();
    const asked = fake.requests.map(({ url }) => new URL(url).searchParams.get("models"));
    expect(asked).toContain("starter/1.0.0,visionflow20/1.0.0");
  });

  it("drift apart", async () => {
    const { drift } = stats();
    const [steady] = Object.values(drift);
    if (!steady) throw new Error("no drift");
    fake.stats = stats({
      drift: { ...drift, "starter/1.0.0": { ...steady, n: 321, verdict: "drifted" } },
    });
    renderDashboard(fake, "/models");
    expect(await screen.findByRole("row", { name: /starter 1\.0\.0 321.*drifted/ })).toBeVisible();
    expect(screen.getByRole("row", { name: /visionflow20 1\.0\.0 500.*steady/ })).toBeVisible();
  });
});

describe("a move", () => {
  it("is done only after its changes were named and confirmed", async () => {
    renderDashboard(fake, "/models");
    await screen.findByTestId("versions");
    await open("2.0.0");
    await userEvent.click(screen.getByTestId("promote"));
    expect(await screen.findByTestId("move-changes")).toHaveTextContent(
      "Production changes from visionflow20 1.0.0 to visionflow20 2.0.0.",
    );
    expect(fake.count("/models/visionflow20/2.0.0/promote")).toBe(0);
    await userEvent.type(screen.getByTestId("move-reason"), "tested");
    await userEvent.click(screen.getByTestId("move-confirm"));
    await screen.findByTestId("versions");
    expect(await fake.sent("/models/visionflow20/2.0.0/promote")).toEqual([
      { reason: "tested", revision: 7 },
    ]);
    expect(screen.queryByTestId("move")).not.toBeInTheDocument();
  });

  it("to a canary names both shares", async () => {
    renderDashboard(fake, "/models");
    await screen.findByTestId("versions");
    await open("2.0.0");
    fireEvent.change(screen.getByTestId("canary-percent"), { target: { value: "25" } });
    await userEvent.click(screen.getByTestId("canary"));
    const changes = await screen.findByTestId("move-changes");
    expect(changes).toHaveTextContent("25% of the images go to visionflow20 2.0.0;");
    expect(changes).toHaveTextContent("75% stay with visionflow20 1.0.0.");
    await userEvent.click(screen.getByTestId("move-confirm"));
    expect(await fake.sent("/models/visionflow20/2.0.0/canary")).toEqual([
      { percent: 25, reason: null, revision: 7 },
    ]);
  });

  it.each([
    [403, "forbidden", "Your account may not do this."],
    [409, "alias_conflict", "Others are changing which versions serve"],
    [409, "model_retired", "This version is retired and cannot serve."],
    [409, "model_in_use", "This version has a role now"],
    [409, "canary_or_shadow", "is the canary or the shadow, not both"],
    [409, "nothing_in_production", "Promote a version first."],
    [409, "nothing_to_roll_back_to", "there is nothing to roll back to"],
    [409, "a_code_of_next_year", "Detail of a_code_of_next_year."],
  ])("that is refused with %i says why and stays open", async (status, code, sentence) => {
    fake.failing = (path, method) =>
      method === "POST" && path.startsWith("/models") ? problem(status, code) : null;
    renderDashboard(fake, "/models");
    await userEvent.click(await screen.findByTestId("rollback"));
    await screen.findByTestId("move-changes");
    await userEvent.click(screen.getByTestId("move-confirm"));
    expect(await screen.findByTestId("problem")).toHaveTextContent(sentence);
    expect(screen.getByTestId("move")).toBeInTheDocument();
  });

  it("is not offered for a version whose role it would break", async () => {
    renderDashboard(fake, "/models");
    await screen.findByTestId("versions");
    await open("1.0.0");
    for (const name of ["promote", "canary", "shadow", "retire"]) {
      expect(screen.getByTestId(name)).toBeDisabled();
    }
  });
});

describe("the rollback rule", () => {
  const state = () => screen.findByTestId("rule-state");

  it("is off until somebody turns it on, and says what each limit means", async () => {
    renderDashboard(fake, "/models");
    expect(await state()).toHaveTextContent("off");
    expect(screen.getByTestId("rule-enabled")).not.toBeChecked();
    const errors = screen.getByTestId("rule-max_error_rate");
    expect(errors).toHaveValue(5);
    expect(errors).toHaveAccessibleDescription(/that it could not classify. Empty: no limit./);
    expect(screen.getByTestId("rule-save")).toBeDisabled();
  });

  it("is saved with its limits, an empty one as none", async () => {
    renderDashboard(fake, "/models");
    await userEvent.click(await screen.findByTestId("rule-enabled"));
    await userEvent.clear(screen.getByTestId("rule-max_error_rate"));
    await userEvent.type(screen.getByTestId("rule-max_error_rate"), "0.7");
    await userEvent.clear(screen.getByTestId("rule-max_disagreement"));
    await userEvent.click(screen.getByTestId("rule-save"));
    expect(await within(screen.getByTestId("rule")).findByText("on")).toBeVisible();
    const saved = rollbackRule({ enabled: true, max_error_rate: 0.007, max_disagreement: null });
    expect(await fake.sent("/models/rule")).toEqual([saved]);
  });

  it("is named where it has moved something, in the reader's language", async () => {
    fake.moves = fake.moves.map((move) => ({ ...move, by: "the rollback rule" }));
    renderDashboard(fake, "/models", "ko");
    expect(await within(await screen.findByTestId("moves")).findByText("롤백 규칙")).toBeVisible();
  });

  it("is turned off", async () => {
    fake.rule = rollbackRule({ enabled: true });
    renderDashboard(fake, "/models", "ko");
    expect(await state()).toHaveTextContent("켜짐");
    await userEvent.click(screen.getByTestId("rule-enabled"));
    await userEvent.click(screen.getByTestId("rule-save"));
    expect(await within(screen.getByTestId("rule")).findByText("꺼짐")).toBeVisible();
    expect(await fake.sent("/models/rule")).toEqual([rollbackRule()]);
  });

  it("stays as it was where one may not change it, and says so", async () => {
    fake.failing = (path, method) =>
      method === "POST" && path === "/models/rule" ? problem(403, "forbidden") : null;
    renderDashboard(fake, "/models");
    await userEvent.click(await screen.findByTestId("rule-enabled"));
    await userEvent.click(screen.getByTestId("rule-save"));
    expect(await screen.findByTestId("problem")).toHaveTextContent("may not do this");
    expect(await state()).toHaveTextContent("off");
  });
});

describe("the promotion rule", () => {
  beforeEach(() => {
    fake.promotionRule = { enabled: false, min_images: 100, min_gain: 0.005 };
  });

  it("says in words what it does, and that a person promotes while it is off", async () => {
    renderDashboard(fake, "/models");
    expect(await screen.findByTestId("promotion-state")).toHaveTextContent("off");
    const shown = screen.getByTestId("promotion");
    expect(shown).toHaveTextContent("images of its dataset that the training machine never had");
    expect(shown).toHaveTextContent("While the rule is off, a person promotes each version.");
    expect(screen.getByTestId("promotion-min_gain")).toHaveValue(0.5);
    expect(screen.getByTestId("promotion-save")).toBeDisabled();
  });

  it("is turned on with its limits", async () => {
    renderDashboard(fake, "/models");
    await userEvent.click(await screen.findByTestId("promotion-enabled"));
    await userEvent.clear(screen.getByTestId("promotion-min_images"));
    await userEvent.type(screen.getByTestId("promotion-min_images"), "500");
    await userEvent.clear(screen.getByTestId("promotion-min_gain"));
    await userEvent.type(screen.getByTestId("promotion-min_gain"), "0.7");
    await userEvent.click(screen.getByTestId("promotion-save"));
    expect(await within(screen.getByTestId("promotion")).findByText("on")).toBeVisible();
    expect(await fake.sent("/models/promotion-rule")).toEqual([
      { enabled: true, min_images: 500, min_gain: 0.007 },
    ]);
  });
});

describe("what the control plane measured", () => {
  it("of a version is shown with its interval and number of images", async () => {
    const verified = {
      images: 400,
      top1: 0.93,
      interval: [0.901, 0.951],
      agreement: 0.995,
      sealed: "0".repeat(64),
      at: "2026-03-01T09:00:00.000000Z",
    };
    fake.models = { ...registry(), items: [{ ...model("2.0.0"), verified }] };
    renderDashboard(fake, "/models?model=visionflow20/2.0.0");
    const shown = await screen.findByTestId("sealed");
    expect(shown).toHaveTextContent("93.0% (95%: 90.1%–95.1%)");
    expect(shown).toHaveTextContent("Sealed images400");
    expect(shown).not.toHaveTextContent("not verified");
  });

  it("may be nothing, and says why", async () => {
    renderDashboard(fake, "/models");
    const shown = await screen.findByTestId("sealed");
    expect(shown).toHaveTextContent("not verified");
    expect(shown).toHaveTextContent("had no sealed images for this version");
  });
});

describe("a registry", () => {
  it("without a version says what to do", async () => {
    fake.models = { ...registry(), items: [] };
    renderDashboard(fake, "/models");
    expect(await screen.findByTestId("models-empty")).toBeVisible();
  });

  it("shows who published past the gate, and why", async () => {
    const force = { by: "ann", at: "2026-03-01T09:00:00Z", reason: "a trial", failed: ["x"] };
    fake.models = {
      ...registry(),
      items: [model("2.0.0", { gate_passed: false, force, aliases: ["production"] })],
    };
    renderDashboard(fake, "/models");
    expect(
      await screen.findByText("Published by ann although the gate failed: a trial"),
    ).toBeVisible();
  });
});

describe("what has been moved", () => {
  it("is not an empty table while it is being read", async () => {
    let arrive = (): void => undefined;
    const arrived = new Promise<Response>((resolve) => {
      arrive = () => {
        resolve(json({ items: fake.moves, next_cursor: null }));
      };
    });
    fake.failing = (path) => (path.startsWith("/models/history") ? arrived : null);
    renderDashboard(fake, "/models");
    expect(await screen.findByTestId("serving")).toBeVisible();
    expect(screen.queryByTestId("moves")).not.toBeInTheDocument();
    arrive();
    expect(await screen.findByTestId("moves")).toBeVisible();
  });

  it("keeps a person's reason and name as they wrote them", async () => {
    const [move] = fake.moves;
    if (!move) throw new Error("no move");
    fake.moves = [
      { ...move, by: "training job uploader", reason: "the model is not registered." },
      {
        ...move,
        moved_at: "2026-03-01T00:00:00.000000Z",
        by: "the rollback rule",
        reason: "Stopped on request.",
      },
    ];
    renderDashboard(fake, "/models", "ko");
    const table = await screen.findByTestId("moves");
    expect(await within(table).findByText("요청에 따라 중지했습니다.")).toBeVisible();
    expect(table).toHaveTextContent("training job uploader");
    expect(table).toHaveTextContent("the model is not registered.");
  });

  it("stays when its next page does not arrive", async () => {
    fake.failing = (path) =>
      path.startsWith("/models/history")
        ? path.includes("cursor")
          ? problem(500, "internal_error")
          : json({ items: fake.moves, next_cursor: "older" })
        : null;
    renderDashboard(fake, "/models");
    await userEvent.click(await screen.findByTestId("more-moves"));
    expect(await screen.findByRole("alert")).toBeVisible();
    expect(screen.getByTestId("moves")).toBeVisible();
  });
});
