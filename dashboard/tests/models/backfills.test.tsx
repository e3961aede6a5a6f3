import { act, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Language } from "../../src/i18n";
import { viewer } from "../callers";
import { FakeApi, json } from "../fakeApi";
import { backfill, backfillEstimate } from "../fakeBackfills";
import { model, registry } from "../registry";
import { renderDashboard } from "../render";

const PATH = "/models/backfills";

let fake: FakeApi;
beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  fake = new FakeApi();
  fake.models = {
    ...registry(),
    items: [
      ...registry().items,
      model("0.9.0", { retired: { by: "ann", at: "2026-02-01T00:00:00Z", reason: null } }),
    ],
  };
});

const user = () => userEvent.setup({ advanceTimers: vi.advanceTimersByTime.bind(vi) });
const seconds = (count: number) => act(() => vi.advanceTimersByTimeAsync(count * 1000));
const shown = (language: Language = "en", query = "") => {
  renderDashboard(fake, PATH + query, language);
};
const sent = () => fake.sent("/backfills");
async function estimated(source = "s3://photos/2025/") {
  await user().type(await screen.findByTestId("backfill-source"), source);
  await user().click(screen.getByTestId("backfill-count"));
}

describe.each(["en", "ko"] as const)("the form in %s", (language) => {
  const say = (en: string, ko: string) => (language === "en" ? en : ko);

  it("says what a backfill takes, and starts it once", async () => {
    shown(language);
    await estimated();
    const box = await screen.findByTestId("backfill-estimate");
    expect(box).toHaveTextContent("20,000");
    expect(box).toHaveTextContent("1.8 GB");
    expect(box).toHaveTextContent("$0.042");
    expect(box).toHaveTextContent(say("10 min 20 sec", "10분 20초"));
    expect(box).toHaveTextContent("visionflow20/1.0.0");
    expect(box).toHaveTextContent(say("measurements of this release", "이 릴리스의 측정값"));
    expect(box).not.toHaveTextContent(say("at least", "이상"));
    expect(within(box).getByTestId("estimate-items")).toHaveTextContent(
      say("express execution", "익스프레스 실행"),
    );
    await user().click(screen.getByTestId("backfill-start"));
    expect(await screen.findByTestId("backfill")).toHaveTextContent("s3://photos/2025/");
    const [dry, real] = (await sent()) as [object, { key: string }];
    expect(dry).toMatchObject({ source: "s3://photos/2025/", models: [], dry_run: true });
    expect(real).toMatchObject({ source: "s3://photos/2025/", into: "files", dry_run: false });
    expect(real.key).toMatch(/^[0-9a-f]{32}$/);
  });

  it("says what files and records are", async () => {
    shown(language);
    expect(await screen.findByTestId("into-files")).toBeChecked();
    expect(screen.getByTestId("backfill-form")).toHaveTextContent(
      say("its record in the history", "한 건씩"),
    );
    expect(screen.getByTestId("backfill-form")).toHaveTextContent("Parquet");
  });

  it("marks the field that was refused, with the reason", async () => {
    const detail = "sample must be between 1 and 100000 images.";
    fake.failing = (path, method) =>
      path === "/backfills" && method === "POST"
        ? json({ code: "invalid_parameter", detail, field: "sample", status: 400 }, 400)
        : null;
    shown(language);
    await estimated();
    const field = await screen.findByTestId("backfill-sample");
    expect(field).toBeInvalid();
    const reason = say(detail, "sample은 1에서 100000 사이의 이미지 수여야 합니다.");
    await vi.waitFor(() => {
      expect(screen.getByTestId("fault")).toHaveTextContent(reason);
    });
    expect(screen.queryByTestId("backfill-start")).not.toBeInTheDocument();
  });

  it("tells who may not start one what is missing", async () => {
    fake.me = viewer();
    fake.backfills.items = [backfill("one")];
    shown(language);
    const why = await screen.findByTestId("no-backfills");
    expect(within(why).getByTestId("missing-scope")).toHaveAttribute("data-scope", "jobs");
    expect(await screen.findByTestId("backfill")).toBeInTheDocument();
    expect(screen.queryByTestId("backfill-pause")).not.toBeInTheDocument();
    expect(screen.queryByTestId("backfill-form")).not.toBeInTheDocument();
  });
});

describe("the form", () => {
  it("sends all that was asked for, and compares with what serves", async () => {
    shown();
    await user().click(await screen.findByText("Sample, limits and role"));
    expect(
      within(screen.getByTestId("backfill-model")).queryByText("visionflow20 0.9.0"),
    ).not.toBeInTheDocument(); // retired
    await user().selectOptions(screen.getByTestId("backfill-second"), "visionflow20/2.0.0");
    await user().type(screen.getByTestId("backfill-sample"), "500");
    await user().type(screen.getByTestId("backfill-concurrency"), "4");
    await user().type(screen.getByTestId("backfill-budget"), "0.01");
    await user().type(screen.getByTestId("backfill-role"), "arn:aws:iam::1:role/VisionFlowReadX");
    await estimated();
    expect(await screen.findByTestId("over-budget")).toBeInTheDocument();
    expect(await sent()).toEqual([
      {
        source: "s3://photos/2025/",
        models: ["visionflow20/2.0.0", "visionflow20/1.0.0"], // what serves is the old one
        into: "files",
        sample: 500,
        concurrency: 4,
        max_usd: 0.01,
        role: "arn:aws:iam::1:role/VisionFlowReadX",
        dry_run: true,
      },
    ]);
  });

  it("says what a comparison is, which goes into files", async () => {
    shown();
    await user().click(await screen.findByTestId("into-records"));
    expect(screen.queryByTestId("compares")).not.toBeInTheDocument();
    await user().selectOptions(screen.getByTestId("backfill-second"), "visionflow20/2.0.0");
    expect(screen.getByTestId("compares")).toHaveTextContent(
      "visionflow20/2.0.0 is compared, as the new version, with visionflow20/1.0.0",
    );
    expect(screen.getByTestId("compares")).toHaveTextContent("costs inference twice");
    expect(screen.getByTestId("into-files")).toBeChecked();
    expect(screen.getByTestId("into-records")).toBeDisabled();
    await estimated();
    expect(await screen.findByTestId("backfill-estimate")).toHaveTextContent(
      "visionflow20/2.0.0 against visionflow20/1.0.0",
    );
    await user().selectOptions(screen.getByTestId("backfill-second"), "");
    expect(screen.getByTestId("into-records")).toBeChecked();
  });

  it("takes the versions as chosen where none of them serves", async () => {
    fake.models = { ...registry(), items: [...registry().items, model("3.0.0")] };
    shown();
    await user().selectOptions(await screen.findByTestId("backfill-model"), "visionflow20/3.0.0");
    await user().selectOptions(screen.getByTestId("backfill-second"), "visionflow20/2.0.0");
    await estimated();
    await screen.findByTestId("backfill-estimate");
    expect(await sent()).toMatchObject([{ models: ["visionflow20/3.0.0", "visionflow20/2.0.0"] }]);
  });

  it("forgets an estimate of something else, and says what is a lower bound", async () => {
    fake.backfills.estimate = backfillEstimate({ exact: false, basis: "earlier" });
    shown();
    await estimated();
    const box = await screen.findByTestId("backfill-estimate");
    expect(box).toHaveTextContent("at least 20,000");
    expect(box).toHaveTextContent("earlier backfills of this stage");
    await user().type(screen.getByTestId("backfill-source"), "x");
    expect(screen.queryByTestId("backfill-estimate")).not.toBeInTheDocument();
    expect(screen.queryByTestId("backfill-start")).not.toBeInTheDocument();
  });
});

describe.each(["en", "ko"] as const)("a backfill in %s", (language) => {
  const say = (en: string, ko: string) => (language === "en" ? en : ko);

  it("shows how far it is, and follows it", async () => {
    fake.backfills.items = [backfill("one")];
    shown(language);
    const panel = await screen.findByTestId("backfill");
    expect(panel).toHaveTextContent(say("10,000 of 20,000", "10,000 / 20,000"));
    expect(panel).toHaveTextContent("33.3");
    expect(panel).toHaveTextContent("$0.043");
    expect(screen.getByTestId("backfill-counts")).toHaveTextContent("9,000");
    const codes = screen.getByTestId("failed-codes");
    expect(within(codes).getAllByRole("listitem")[0]).toHaveTextContent("280");
    expect(screen.getByTestId("backfill-history")).toHaveTextContent(say("Started", "시작"));
    expect(screen.getByTestId("backfill-history")).toHaveTextContent("ann@team.test");
    expect(within(screen.getByTestId("backfills")).getByTestId("backfill-state")).toHaveTextContent(
      say("Running", "실행 중"),
    );
    fake.backfills.items = [
      backfill("one", {
        state: "done",
        ended_at: "2026-03-01T09:11:00.000000Z",
        progress: { left: 0, ok: 19_000, spent_usd: 0.0441, active_seconds: 651 },
      }),
    ];
    await seconds(6);
    const compared = await screen.findByTestId("backfill-compared");
    expect(compared).toHaveTextContent("+5%");
    expect(compared).toHaveTextContent(say("10 min 51 sec", "10분 51초"));
    const asked = fake.count("/backfills/one");
    await seconds(10);
    expect(fake.count("/backfills/one")).toBe(asked); // nothing is at work any more
  });

  it("says why it has stopped, and goes on with a larger budget", async () => {
    const reason = { code: "budget_spent", message: "" };
    fake.backfills.items = [backfill("one", { state: "stopped", max_usd: 0.02, reason })];
    shown(language, "?backfill=one");
    expect(await screen.findByTestId("backfill-reason")).toHaveTextContent(
      say("the budget of the backfill is spent", "백필 예산을 모두 사용함"),
    );
    await user().click(screen.getByTestId("backfill-resume"));
    const budget = screen.getByTestId("resume-budget");
    await user().clear(budget);
    await user().type(budget, "0.5");
    await user().click(screen.getByTestId("resume-backfill-confirm"));
    expect(await screen.findByTestId("backfill-pause")).toBeInTheDocument();
    expect(await fake.sent("/backfills/one/resume")).toEqual([{ max_usd: 0.5 }]);
  });

  it("can be cancelled after a question", async () => {
    fake.backfills.items = [backfill("one")];
    shown(language);
    await user().click(await screen.findByTestId("backfill-cancel"));
    expect(screen.getByTestId("cancel-backfill")).toHaveTextContent("$0.021");
    await user().click(screen.getByTestId("cancel-backfill-confirm"));
    await vi.waitFor(() => {
      expect(screen.getAllByTestId("backfill-state")[0]).toHaveTextContent(
        say("Cancelled", "취소됨"),
      );
    });
  });
});

describe("an action", () => {
  it.each([
    ["running", "pause"],
    ["paused", "resume"],
    ["cancelled", "resume"],
    ["failed", "retry"],
  ] as const)("of a %s backfill: %s", async (state, action) => {
    fake.backfills.items = [backfill("one", { state })];
    shown("en", "?backfill=one");
    await user().click(await screen.findByTestId(`backfill-${action}`));
    await vi.waitFor(async () => {
      expect(await fake.sent(`/backfills/one/${action}`)).toHaveLength(1);
    });
  });

  it.each([
    ["listing", ["pause", "cancel"]],
    ["paused", ["resume", "cancel"]],
    ["stopped", ["resume", "cancel"]],
    ["failed", ["retry"]],
    ["done", []],
  ] as const)("is offered where %s allows it", async (state, allowed) => {
    fake.backfills.items = [backfill("one", { state })];
    shown("en", "?backfill=one");
    await screen.findByTestId("backfill");
    await screen.findByTestId("backfill-form");
    await screen.findByTestId("backfill-counts");
    const all = ["pause", "resume", "cancel", "retry"];
    const offered = all.filter((name) => screen.queryByTestId(`backfill-${name}`));
    expect(offered.sort()).toEqual([...allowed].sort());
  });
});

describe("results", () => {
  it("are named, with SQL that can be copied", async () => {
    const writeText = vi.fn(() => Promise.resolve());
    fake.backfills.items = [backfill("one")];
    shown();
    const results = await screen.findByTestId("backfill-results");
    expect(within(results).getByTestId("results-location")).toHaveValue(
      "s3://backfills/results/run=1/",
    );
    expect(results).toHaveTextContent("visionflow_local.backfills");
    const clicker = user();
    vi.spyOn(navigator.clipboard, "writeText").mockImplementation(writeText);
    await clicker.click(screen.getByTestId("copy-query"));
    expect(writeText).toHaveBeenCalledWith("SELECT label, count(*) FROM backfills GROUP BY label");
    expect(await screen.findByText("Copied")).toBeInTheDocument();
  });

  it("are none of a backfill into records", async () => {
    fake.backfills.items = [backfill("one", { results: null, into: "records" })];
    shown();
    await screen.findByTestId("backfill-counts");
    expect(screen.queryByTestId("backfill-results")).not.toBeInTheDocument();
  });
});

describe("the list", () => {
  it.each([
    ["en", "No backfills yet"],
    ["ko", "아직 백필이 없습니다"],
  ] as const)("is empty at first in %s", async (language, text) => {
    shown(language);
    expect(await screen.findByTestId("backfills-empty")).toHaveTextContent(text);
  });

  it("has more pages, and opens any of them", async () => {
    fake.backfills.items = ["d", "c", "b", "a"].map((id) =>
      backfill(id, { state: "done", source: `s3://photos/${id}/` }),
    );
    shown();
    expect(await screen.findAllByTestId("backfill-row")).toHaveLength(2);
    expect(screen.queryByTestId("backfill")).not.toBeInTheDocument(); // nothing is at work
    await user().click(screen.getByTestId("older-backfills"));
    await vi.waitFor(() => {
      expect(screen.getAllByTestId("backfill-row")).toHaveLength(4);
    });
    expect(screen.queryByTestId("older-backfills")).not.toBeInTheDocument();
    const [, , , last] = screen.getAllByTestId("backfill-row");
    if (last) await user().click(last);
    expect(await screen.findByTestId("backfill")).toHaveTextContent("s3://photos/a/");
  });

  it("is one step from the versions", async () => {
    renderDashboard(fake, "/models");
    await user().click(await screen.findByTestId("models-tab-backfills"));
    expect(await screen.findByTestId("backfills-empty")).toBeInTheDocument();
    expect(screen.getByTestId("models-tab-backfills")).toHaveAttribute("aria-current", "page");
    expect(screen.getByTestId("models-tab-versions")).not.toHaveAttribute("aria-current");
  });
});
