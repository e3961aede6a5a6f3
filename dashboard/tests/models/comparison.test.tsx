import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import type { BackfillComparison } from "visionflow-client";

import type { Language } from "../../src/i18n";
import { viewer } from "../callers";
import { comparison, example } from "../comparisons";
import { FakeApi, problem } from "../fakeApi";
import { backfill } from "../fakeBackfills";
import { model, registry } from "../registry";
import { renderDashboard } from "../render";

const PATH = "/models/backfills/one/comparison";
const BOTH = ["visionflow20/2.0.0", "visionflow20/1.0.0"];

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registry();
  fake.backfills.items = [backfill("one", { state: "done", compares: true, models: BOTH })];
  fake.backfills.comparison = comparison();
});

function shown(changes: Partial<BackfillComparison> = {}, language: Language = "en", query = "") {
  fake.backfills.comparison = comparison(changes);
  renderDashboard(fake, PATH + query, language);
}
const count = async () => (await screen.findByTestId("examples-shown")).textContent;
const cells = (table: string, column: number) =>
  within(screen.getByTestId(table))
    .getAllByRole("row")
    .slice(1)
    .map((row) => row.children[column]?.textContent);

describe.each(["en", "ko"] as const)("a comparison in %s", (language) => {
  const say = (en: string, ko: string) => (language === "en" ? en : ko);

  it("says in words how far the versions agree", async () => {
    shown({}, language);
    const verdict = await screen.findByTestId("verdict");
    expect(verdict).toHaveTextContent(
      say("answer 1,915 of 2,000 alike, and 85 differently", "2,000장 중 1,915장"),
    );
    expect(verdict).toHaveTextContent(
      say("between 94.7% and 96.5% would be answered alike", "94.7%에서 96.5% 사이"),
    );
    expect(within(verdict).getByTestId("agreement")).toHaveTextContent("95.7%");
    expect(verdict).toHaveTextContent(say("Unknown before60", "이전: 알 수 없음60"));
    expect(verdict).toHaveTextContent(say("Unknown now75", "현재: 알 수 없음75"));
    expect(within(verdict).getByTestId("left-out")).toHaveTextContent(
      say("Both versions: 4", "모두 4장"),
    );
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent(
      say("Old against new", "기존 버전과 새 버전 비교"),
    );
  });

  it("says by how much the new version is surer", async () => {
    shown({}, language);
    const shift = await screen.findByTestId("shift");
    expect(shift).toHaveTextContent(
      say(
        "more than 10 points: 70. Less sure by as much: 30. About the same: 1,900",
        "높아진 이미지는 70장, 낮아진 이미지는 30장이며, 1,900장",
      ),
    );
    const bars = await within(shift).findByTestId("bars");
    const bin = say("-70 to -60", "-70~-60");
    expect(bars).toHaveTextContent(`${bin} 30`);
    expect(bars).toHaveAttribute("aria-label", expect.stringContaining(`${bin}: 30`));
  });

  it("names groups of images as people do", async () => {
    shown({}, language);
    await screen.findByTestId("slices");
    expect(cells("slices-folder", 0)).toEqual([
      "evening",
      say("(the source itself)", "(소스 바로 아래)"),
    ]);
    expect(cells("slices-size", 0)).toEqual([
      say("0.5 MP to 2 MP", "0.5 MP~2 MP"),
      say("under 0.1 MP", "0.1 MP 미만"),
    ]);
    expect(cells("slices-confidence", 0)).toEqual([
      say("under 50.0%", "50.0% 미만"),
      say("90.0% to 100.0%", "90.0%~100.0%"),
    ]);
    // Eight images say nothing of a share.
    expect(within(screen.getByTestId("slices-size")).getByTestId("few-images")).toBeInTheDocument();
  });

  it("leads to the question before the new version is promoted", async () => {
    shown({}, language);
    await userEvent.click(await screen.findByTestId("promote"));
    expect(screen.getByTestId("move")).toHaveTextContent("visionflow20 2.0.0");
    expect(await fake.sent("/models/visionflow20/2.0.0/promote")).toEqual([]);
  });
});

describe("the examples", () => {
  it("show the old answer beside the new one, group by group", async () => {
    shown();
    const [roses, daisies] = await screen.findAllByTestId("example-group");
    if (!roses || !daisies) throw new Error("there are two groups");
    expect(roses).toHaveTextContent("Images that look alike: 44, mostly rose → tulip");
    expect(daisies).toHaveTextContent("mostly daisy → Unknown");
    const [first] = within(roses).getAllByTestId("example");
    expect(first).toHaveTextContent("s3://photos/evening/a.jpg");
    const url = "http://images.test/thumbnails/evening/a.jpg";
    expect(within(roses).getAllByTestId("thumbnail")[0]).toHaveAttribute("src", url);
    expect(within(roses).getAllByTestId("old-answer")[0]).toHaveTextContent("rose91.0%");
    expect(within(roses).getAllByTestId("new-answer")[0]).toHaveTextContent("tulip88.0%");
    const [unsure] = within(daisies).getAllByTestId("new-answer");
    expect(unsure).toHaveTextContent("Unsure");
    expect(unsure).toHaveTextContent("daisy35.0%"); // its best guess
  });

  it("are chosen by a change of answers, by keyboard", async () => {
    shown();
    const changes = await screen.findByTestId("changes");
    const [roses, gone] = within(changes).getAllByRole("button");
    expect(roses).toHaveTextContent("rose → tulip40 · 47.0%");
    roses?.focus();
    await userEvent.keyboard("{Enter}");
    expect(await count()).toBe("2 of 4 examples");
    expect(roses).toHaveAttribute("aria-pressed", "true");
    expect(window.location.hash).toContain("from=rose&to=tulip");
    if (gone) await userEvent.click(gone);
    expect(await count()).toBe("1 of 4 examples");
    expect(window.location.hash).toContain("from=daisy&to=");
    if (gone) await userEvent.click(gone);
    expect(await count()).toBe("4 of 4 examples");
    expect(screen.getByTestId("changes-left")).toHaveTextContent("not listed: 10");
  });

  it("are chosen by class and group, and by all of these together", async () => {
    shown();
    await userEvent.selectOptions(await screen.findByTestId("filter-class"), "rose");
    expect(await count()).toBe("3 of 4 examples");
    await userEvent.selectOptions(screen.getByTestId("filter-group"), "1");
    expect(await count()).toBe("1 of 4 examples");
    await userEvent.selectOptions(screen.getByTestId("filter-change"), "rose → tulip");
    expect(screen.getByTestId("no-examples")).toBeInTheDocument();
    await userEvent.click(screen.getByTestId("filter-clear"));
    expect(await count()).toBe("4 of 4 examples");
    expect(window.location.hash).toBe(`#${PATH}`);
  });

  it("are chosen by the table of classes", async () => {
    shown();
    await screen.findByTestId("compared-labels");
    await userEvent.click(screen.getByRole("button", { name: "daisy" }));
    expect(await count()).toBe("1 of 4 examples");
    expect(screen.getByTestId("filter-class")).toHaveValue("daisy");
    await userEvent.click(screen.getByRole("button", { name: "violet" }));
    expect(screen.getByTestId("no-examples")).toBeInTheDocument();
    expect(screen.getByTestId("filter-class")).toHaveValue("violet");
  });

  it("are those of an address", async () => {
    shown({}, "en", "?from=&to=rose");
    expect(await count()).toBe("1 of 4 examples");
    expect(screen.getByTestId("filter-change")).toHaveDisplayValue("Unknown → rose");
  });

  it("come a few at a time", async () => {
    const examples = Array.from({ length: 9 }, (_, index) => example(`${index}.jpg`));
    shown({ examples });
    expect(await screen.findAllByTestId("example")).toHaveLength(4);
    await userEvent.click(within(screen.getByTestId("examples")).getByTestId("more"));
    expect(screen.getAllByTestId("example")).toHaveLength(8);
  });

  it("lead to their record where they have one", async () => {
    shown({ examples: [example("a.jpg", { prediction_id: "s3-abc" }), example("b.jpg")] });
    const link = await screen.findByTestId("example-record");
    expect(link).toHaveTextContent("Open in history");
    expect(link).toHaveAttribute("href", "#/history?record=s3-abc");
  });

  it("stay without their images", async () => {
    shown({ examples: [example("a.jpg", { thumbnail: null })] });
    expect(await screen.findByTestId("no-thumbnails")).toBeInTheDocument();
    expect(screen.getByTestId("example")).toHaveTextContent("s3://photos/a.jpg");
    expect(screen.queryByTestId("thumbnail")).not.toBeInTheDocument();
  });
});

describe("a table", () => {
  it("says which folders are not in it", async () => {
    shown({ folders_left: 1_200 });
    expect(await screen.findByTestId("slices")).toHaveTextContent(
      "Folders that agree more, or have too few images to tell, and are not listed: 1,200.",
    );
  });

  it("is ordered by each of its columns, both ways, with unknown values last", async () => {
    shown();
    await screen.findByTestId("compared-labels");
    expect(cells("compared-labels", 0)).toEqual(["tulip", "rose", "daisy", "violet"]);
    const head = within(screen.getByTestId("compared-labels"));
    const by = (name: RegExp) => userEvent.click(head.getByRole("button", { name }));
    await by(/^Class/);
    expect(cells("compared-labels", 0)).toEqual(["daisy", "rose", "tulip", "violet"]);
    expect(head.getByRole("columnheader", { name: /^Class/ })).toHaveAttribute(
      "aria-sort",
      "ascending",
    );
    await by(/^Class/);
    expect(cells("compared-labels", 0)).toEqual(["violet", "tulip", "rose", "daisy"]);
    await by(/^Difference/);
    expect(cells("compared-labels", 3)).toEqual(["+40", "+6", "-25", "-30"]);
    await by(/^Confidence/);
    expect(cells("compared-labels", 5)).toEqual(["+2.1", "+1.0", "-3.4", "–"]);
    await by(/^Confidence/);
    expect(cells("compared-labels", 5)).toEqual(["-3.4", "+1.0", "+2.1", "–"]);
  });

  it("orders ranges by what they begin with", async () => {
    shown();
    await screen.findByTestId("slices");
    const size = within(screen.getByTestId("slices-size"));
    await userEvent.click(size.getByRole("button", { name: /^Size/ }));
    await userEvent.click(size.getByRole("button", { name: /^Size/ }));
    expect(cells("slices-size", 0)).toEqual(["under 0.1 MP", "0.5 MP to 2 MP"]);
  });
});

describe("without much to compare", () => {
  it("no disagreement is said, and the rest stays", async () => {
    const agreement = { share: 1, low: 0.998, high: 1 };
    shown({ agreement, confusion: [], confusion_left: 0, clusters: [], examples: [] });
    expect(await screen.findByTestId("none-differ")).toBeInTheDocument();
    expect(screen.getByTestId("verdict")).toHaveTextContent("2,000 of 2,000 alike");
    expect(screen.queryByTestId("examples")).not.toBeInTheDocument();
    expect(await screen.findByTestId("decide")).toBeInTheDocument();
  });

  it("few images get no interval", async () => {
    shown({ images: 9, confusion: [{ old: "rose", new: "tulip", images: 1 }], confusion_left: 0 });
    const verdict = await screen.findByTestId("verdict");
    expect(within(verdict).getByTestId("few-images")).toBeInTheDocument();
    expect(within(verdict).getByTestId("agreement")).toHaveTextContent("8 / 9");
    expect(verdict).not.toHaveTextContent("95 %");
  });

  it("images that no version could answer are still counted", async () => {
    shown({
      images: 0,
      agreement: { share: null, low: 0, high: 1 },
      failed: { both: 3, new: 0, old: 0 },
    });
    expect(await screen.findByTestId("none-compared")).toBeInTheDocument();
    expect(screen.getByTestId("left-out")).toHaveTextContent("Both versions: 3");
    expect(screen.queryByTestId("shift")).not.toBeInTheDocument();
  });

  it.each([
    [404, "comparison_not_found", "made before versions were compared"],
    [409, "comparison_not_ready", "once the backfill is done"],
  ])("%i %s is explained", async (status, code, text) => {
    fake.failing = (path) => (path.endsWith("/comparison") ? problem(status, code) : null);
    shown();
    expect(await screen.findByTestId("problem")).toHaveTextContent(text);
  });
});

describe("to promote", () => {
  it.each([
    ["is in production already", [model("2.0.0", { aliases: ["production"] })]],
    ["is retired or no longer in the registry", [model("1.0.0")]],
    [
      "is retired or no longer in the registry",
      [model("2.0.0", { retired: { by: "ann", at: "2026-02-01T00:00:00Z", reason: null } })],
    ],
  ])("is not offered of a version that %s", async (text, items) => {
    fake.models = { ...registry(), items };
    shown();
    expect(await screen.findByTestId("decide")).toHaveTextContent(text);
    expect(screen.queryByTestId("promote")).not.toBeInTheDocument();
  });

  it("is not offered to who may not", async () => {
    fake.me = viewer();
    shown();
    const decide = await screen.findByTestId("decide");
    expect(await within(decide).findByTestId("missing-scope")).toHaveAttribute(
      "data-scope",
      "models",
    );
    expect(screen.queryByTestId("promote")).not.toBeInTheDocument();
  });
});

describe("the way to it", () => {
  it("is in its backfill, once that is done", async () => {
    renderDashboard(fake, "/models/backfills?backfill=one");
    await userEvent.click(await screen.findByTestId("open-comparison"));
    expect(await screen.findByTestId("verdict")).toBeInTheDocument();
    expect(screen.getByTestId("models-tab-backfills")).toHaveAttribute("aria-current", "page");
    await userEvent.click(screen.getByRole("link", { name: "The backfill" }));
    expect(await screen.findByTestId("backfill")).toHaveTextContent(
      "visionflow20/2.0.0 against visionflow20/1.0.0",
    );
  });

  it.each([
    { state: "running", compares: true },
    { state: "done", compares: false },
  ] as const)("is not in one that is $state, compares: $compares", async (changes) => {
    fake.backfills.items = [backfill("one", changes)];
    renderDashboard(fake, "/models/backfills?backfill=one");
    await screen.findByTestId("backfill-facts");
    expect(screen.queryByTestId("open-comparison")).not.toBeInTheDocument();
  });

  it("is in the version that it is about", async () => {
    renderDashboard(fake, "/models?model=visionflow20%2F2.0.0");
    await userEvent.click(await screen.findByTestId("latest-comparison"));
    expect(await screen.findByTestId("verdict")).toBeInTheDocument();
  });

  it("is not in another version", async () => {
    fake.models = { ...registry(), items: [model("3.0.0")] };
    renderDashboard(fake, "/models?model=visionflow20%2F3.0.0");
    await screen.findByTestId("model-detail");
    expect(screen.queryByTestId("latest-comparison")).not.toBeInTheDocument();
  });
});
