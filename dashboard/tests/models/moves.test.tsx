import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { MovePreview } from "visionflow-client";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeApi, problem } from "../fakeApi";
import { model, registry, rollbackRule, stats } from "../registry";
import { renderDashboard } from "../render";

const FIVE = { name: "flowers", version: "1.0.0" };
const TWENTY = { name: "visionflow20", version: "1.0.0" };
const OTHER = { name: "birds", version: "1.0.0" };
const EFFECT = { model: FIVE, instead_of: null, percent: null };

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  const { items, aliases } = registry();
  fake.models = { items: [model("1.0.0", { name: "flowers", labels: 5 }), ...items], aliases };
  fake.stats = stats();
  fake.rule = rollbackRule();
});

async function ask(button: string): Promise<string[]> {
  await userEvent.click(await screen.findByRole("button", { name: "flowers 1.0.0" }));
  await userEvent.click(screen.getByTestId(button));
  const changes = await screen.findByTestId("move-changes");
  return within(changes)
    .getAllByRole("listitem")
    .map(({ textContent }) => textContent);
}

describe("the dialog of a move", () => {
  it("says which classes users lose and gain, what ends and what a rollback returns to", async () => {
    fake.preview = {
      effects: [
        { ...EFFECT, kind: "production", instead_of: TWENTY },
        { ...EFFECT, kind: "canary_ends", model: OTHER, percent: 10 },
        { ...EFFECT, kind: "shadow_ends", model: OTHER },
        { ...EFFECT, kind: "rollback_to", model: TWENTY },
        { ...EFFECT, kind: "watched" },
        { ...EFFECT, kind: "gate_failed" },
      ],
      classes: [
        {
          model: FIVE,
          instead_of: TWENTY,
          percent: 100,
          gained: ["tulip"],
          lost: Array.from({ length: 20 }, (_, n) => `class ${n + 1}`),
          kept: 0,
          renamed: [{ before: "black_cat", now: "Black cat" }],
          reordered: true,
        },
        {
          model: FIVE,
          instead_of: OTHER,
          percent: 10,
          gained: ["tulip"],
          lost: ["wren"],
          kept: 4,
          renamed: [{ before: "owl", now: "Owl" }],
          reordered: true,
        },
      ],
    };
    renderDashboard(fake, "/models");
    const twelve = Array.from({ length: 12 }, (_, n) => `class ${n + 1}`).join(", ");
    expect(await ask("promote")).toEqual([
      "Production changes from visionflow20 1.0.0 to flowers 1.0.0.",
      `Classes lost (20), no image is answered with them any more: ${twelve} and 8 more.`,
      "Classes gained (1): tulip.",
      "Classes renamed (1): black_cat → Black cat.",
      "The classes have another order, and so other numbers.",
      "The canary birds 1.0.0 ends and classifies no more images.",
      "Classes lost (1) for 10% of the images: wren.",
      "Classes gained (1) for 10% of the images: tulip.",
      "Classes renamed (1) for 10% of the images: owl → Owl.",
      "The classes have another order, and so other numbers, for 10% of the images.",
      "The shadow birds 1.0.0 ends.",
      "A rollback would then return to visionflow20 1.0.0.",
      "The rollback rule watches flowers 1.0.0 from now on.",
      "flowers 1.0.0 was published although its gate failed.",
      "Earlier records keep the version that answered them.",
    ]);
  });

  it("names the version that a rollback returns to, and that there is none before it", async () => {
    fake.preview = {
      effects: [
        { ...EFFECT, kind: "production", instead_of: TWENTY },
        { ...EFFECT, kind: "rollback_to", model: null },
        { ...EFFECT, kind: "unwatched", model: TWENTY },
      ],
      classes: [
        {
          model: FIVE,
          instead_of: TWENTY,
          percent: 100,
          gained: [],
          lost: [],
          kept: 5,
          renamed: [],
          reordered: false,
        },
      ],
    };
    renderDashboard(fake, "/models");
    expect(await ask("rollback")).toEqual([
      "Production changes from visionflow20 1.0.0 to flowers 1.0.0.",
      "The classes stay the same (5).",
      "After that there is no version to roll back to.",
      "The rollback rule no longer watches visionflow20 1.0.0.",
      "Earlier records keep the version that answered them.",
    ]);
  });

  it("says of a canary for which share of the images classes change", async () => {
    fake.preview = {
      effects: [{ ...EFFECT, kind: "canary", instead_of: TWENTY, percent: 10 }],
      classes: [
        {
          model: FIVE,
          instead_of: TWENTY,
          percent: 10,
          gained: [],
          lost: ["cat"],
          kept: 4,
          renamed: [],
          reordered: false,
        },
      ],
    };
    renderDashboard(fake, "/models");
    expect(await ask("canary")).toEqual([
      "10% of the images go to flowers 1.0.0; 90% stay with visionflow20 1.0.0.",
      "Classes lost (1) for 10% of the images: cat.",
      "Earlier records keep the version that answered them.",
    ]);
  });

  it.each<[MovePreview["effects"][number]["kind"], string]>([
    ["shadow", "flowers 1.0.0 classifies every image again as the shadow"],
    ["retired", "flowers 1.0.0 can never serve again."],
    ["rollback_to", "A rollback would then return to flowers 1.0.0."],
  ])("has a sentence for %s", async (kind, sentence) => {
    fake.preview = { effects: [{ ...EFFECT, kind }] };
    renderDashboard(fake, "/models");
    const [text] = await ask("shadow");
    expect(text).toContain(sentence);
  });

  it("says when nothing changes", async () => {
    fake.preview = { effects: [] };
    renderDashboard(fake, "/models");
    expect(await ask("shadow")).toEqual(["Nothing changes."]);
  });

  it("offers nothing to confirm where the API refuses the move, and says why", async () => {
    fake.failing = (path) =>
      path.startsWith("/models/preview") ? problem(409, "canary_or_shadow") : null;
    renderDashboard(fake, "/models");
    await userEvent.click(await screen.findByRole("button", { name: "flowers 1.0.0" }));
    await userEvent.click(screen.getByTestId("promote"));
    expect(await screen.findByTestId("problem")).toHaveTextContent("not both");
    expect(screen.getByTestId("move-confirm")).toBeDisabled();
  });

  it("asks again what changes when the aliases have moved since", async () => {
    fake.failing = (_, method) => (method === "POST" ? problem(409, "alias_conflict") : null);
    renderDashboard(fake, "/models");
    await ask("promote");
    fake.preview = { revision: 8, effects: [{ ...EFFECT, kind: "production", instead_of: OTHER }] };
    await userEvent.click(screen.getByTestId("move-confirm"));
    await waitFor(() => {
      expect(screen.getByTestId("move-changes")).toHaveTextContent("from birds 1.0.0");
    });
    fake.failing = null;
    await userEvent.click(screen.getByTestId("move-confirm"));
    await waitFor(() => {
      expect(screen.queryByTestId("move")).not.toBeInTheDocument();
    });
    expect(await fake.sent("/models/flowers/1.0.0/promote")).toEqual([
      { reason: null, revision: 7 },
      { reason: null, revision: 8 },
    ]);
  });
});

describe("the end of a role", () => {
  it("is refused by the API where the aliases have moved since it was previewed", async () => {
    const { items = [], aliases } = fake.models ?? {};
    if (!aliases) throw new Error("no models");
    fake.models = { items, aliases: { ...aliases, canary: { ...OTHER, percent: 10 } } };
    fake.preview = { effects: [{ ...EFFECT, kind: "canary_ends", model: OTHER, percent: 10 }] };
    renderDashboard(fake, "/models");
    await userEvent.click(await screen.findByTestId("end-canary"));
    await screen.findByTestId("move-changes");
    await userEvent.click(screen.getByTestId("move-confirm"));
    await waitFor(() => {
      const [ended] = fake.requests.filter(({ method }) => method === "DELETE");
      expect(new URL(ended?.url ?? "http://none").search).toBe("?revision=7");
    });
  });
});

describe("a version with a role", () => {
  it.each([
    ["canary", "shadow"],
    ["shadow", "canary"],
  ] as const)(
    "that is the %s is not offered as the %s, and the page says why",
    async (has, other) => {
      const { items = [], aliases } = fake.models ?? {};
      if (!aliases) throw new Error("no models");
      const [flowers, ...others] = items;
      if (!flowers) throw new Error("no models");
      fake.models = { items: [{ ...flowers, aliases: [has] }, ...others], aliases };
      renderDashboard(fake, "/models");
      await userEvent.click(await screen.findByRole("button", { name: "flowers 1.0.0" }));
      expect(screen.getByTestId(other)).toBeDisabled();
      expect(screen.getByTestId("one-role")).toHaveTextContent(`This version is the ${has}.`);
    },
  );
});
