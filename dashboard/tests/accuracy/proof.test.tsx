import { screen, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";

import written from "../data/report.older.json";
import { FakeApi } from "../fakeApi";
import { LABELS, provenReport, UNFAMILIAR } from "../proof";
import { record } from "../records";
import { registry, stats } from "../registry";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registry();
  fake.stats = stats();
  fake.report = provenReport();
});

const tabOf = (tab: string) => `/accuracy?tab=${tab}`;

describe("groups", () => {
  it("are counted, with what a split by file would have leaked", async () => {
    renderDashboard(fake, tabOf("groups"));
    const groups = await screen.findByTestId("groups");
    expect(groups).toHaveTextContent("Groups1,204of 2,673 images");
    expect(groups).toHaveTextContent("Largest group14");
    expect(screen.getByTestId("would-leak")).toHaveTextContent(
      "211 of 802 test and validation images would have leaked under a split by file",
    );
    expect(await screen.findByTestId("bars")).toHaveTextContent(
      "1 800 2 250 3–4 120 5–8 30 9–16 4",
    );
  });

  it("name labels that cannot be measured, and given parts that leak", async () => {
    renderDashboard(fake, tabOf("groups"));
    const single = await screen.findByTestId("single-groups");
    expect(single).toHaveTextContent("its accuracy cannot be measured");
    expect(within(single).getByText("lighthouse")).toBeVisible();
    const [leak, ...others] = screen.getAllByTestId("leak");
    expect(others).toEqual([]);
    expect(leak).toHaveTextContent("12 of its 267 images are similar to images of an earlier part");
    expect(leak).toHaveTextContent("cat/7.jpg");
    expect(screen.getByRole("row", { name: /^Test/ })).toHaveTextContent("26713412");
  });

  it("come with the accuracy of both kinds of split", async () => {
    renderDashboard(fake, tabOf("groups"));
    const splits = await screen.findByTestId("splits");
    expect(splits).toHaveTextContent("By group, as here78.2% 95%: 75.0%–81.0%");
    expect(splits).toHaveTextContent("By file, which leaks96.9% 95%: 96.2%–97.5%");
  });

  it("say in training's words why the splits were not compared", async () => {
    const skipped = "fewer than 5 groups for a label";
    fake.report = provenReport({ labels: { ...LABELS, skipped, scores: null, suspects: [] } });
    renderDashboard(fake, tabOf("groups"));
    expect(await screen.findByText(skipped)).toBeVisible();
    expect(screen.queryByTestId("splits")).not.toBeInTheDocument();
  });
});

describe("strangers", () => {
  it("are shown with their curves, and with the share that gets an answer", async () => {
    renderDashboard(fake, tabOf("unfamiliar"));
    const section = await screen.findByTestId("unfamiliar");
    expect(section).toHaveTextContent("Kept on test94.4%");
    expect(section).toHaveTextContent("Unsure on test1.1%");
    expect(section).toHaveTextContent("Unfamiliar on test4.5%");
    expect(section).toHaveTextContent("below 0.412");
    const rows = within(screen.getByTestId("strangers"));
    expect(rows.getByRole("row", { name: /^flowers5/ })).toHaveTextContent("flowers55002.4%0.987");
    const roc = within(screen.getByTestId("stranger-roc"));
    expect(await roc.findByTestId("points")).toHaveTextContent(
      "flowers5 (0.987): 0,0 0.02,0.94 1,1 cifar10 (0.950)",
    );
  });

  it("may not have been measured", async () => {
    fake.report = provenReport({ unfamiliar: { ...UNFAMILIAR, strangers: [] } });
    renderDashboard(fake, tabOf("unfamiliar"));
    expect(await screen.findByText("No other dataset was measured.")).toBeVisible();
    expect(screen.queryByTestId("stranger-roc")).not.toBeInTheDocument();
  });

  it("are not recognised by a version without a threshold", async () => {
    fake.report = provenReport({ unfamiliar: null });
    renderDashboard(fake, tabOf("unfamiliar"));
    expect(await screen.findByTestId("not-measured")).toHaveTextContent(
      "This version does not recognise unfamiliar images",
    );
  });
});

describe("prediction sets", () => {
  it("are shown with the coverage that was measured", async () => {
    renderDashboard(fake, tabOf("sets"));
    const row = await screen.findByRole("row", { name: /^95.0%/ });
    expect(row).toHaveTextContent("95.5% 95%: 92.0%–97.5% n=267");
    expect(row).toHaveTextContent("1.120.0%");
  });

  it("need validation images", async () => {
    fake.report = provenReport({ prediction_sets: [] });
    renderDashboard(fake, tabOf("sets"));
    expect(await screen.findByTestId("not-measured")).toHaveTextContent(
      "too few validation images",
    );
  });
});

describe("suspicious labels", () => {
  it("are shown with what is suggested instead", async () => {
    renderDashboard(fake, tabOf("suspects"));
    expect(await screen.findByTestId("suspect-count")).toHaveTextContent("Found: 130; shown: 2.");
    const [first, second] = within(screen.getByTestId("suspects")).getAllByRole("listitem");
    expect(first).toHaveTextContent("given: cat (1.2%)suggested: dog (95.1%)cat/12.jpg");
    expect(within(screen.getByTestId("suspects")).getByRole("img")).toHaveAccessibleName(
      "An image with the label cat",
    );
    expect(second).toHaveTextContent("suggested: cat (70.0%)dog/3.jpg");
  });

  it.each([
    [{ suspects: [], suspect_count: 0 }, "no-suspects", "No suspicious labels found"],
    [{ skipped: "no trunk at hand", suspects: [] }, "not-measured", "no trunk at hand"],
  ])("may be none: %j", async (changes, testId, words) => {
    fake.report = provenReport({ labels: { ...LABELS, ...changes } });
    renderDashboard(fake, tabOf("suspects"));
    expect(await screen.findByTestId(testId)).toHaveTextContent(words);
  });
});

describe("the calibration error", () => {
  it("has its interval, and the test images their groups", async () => {
    renderDashboard(fake, "/accuracy");
    const headline = await screen.findByTestId("headline");
    expect(await within(headline).findByText("95%: 1.2%–3.1%")).toBeVisible();
    expect(headline).toHaveTextContent("134 independent groups");
    expect(screen.queryByTestId("few-groups")).not.toBeInTheDocument();
  });

  it("comes with a warning where the groups are too few", async () => {
    const { test } = provenReport();
    fake.report = provenReport({ test: { ...test, groups: 9, few_groups: true } });
    renderDashboard(fake, "/accuracy");
    expect(await screen.findByTestId("few-groups")).toHaveTextContent(
      "The test images form only 9 independent groups.",
    );
  });
});

describe("the report of an older version", () => {
  beforeEach(() => {
    fake.report = written;
  });

  it.each([
    ["groups", "en", "Its images were split by file"],
    ["unfamiliar", "en", "It was trained before this was measured."],
    ["sets", "ko", "이 버전에서는 측정하지 않았습니다"],
    ["suspects", "ko", "이 버전에서는 측정하지 않았습니다"],
  ] as const)("says that %s were not measured (%s)", async (tab, language, words) => {
    renderDashboard(fake, tabOf(tab), language);
    expect(await screen.findByTestId("not-measured")).toHaveTextContent(words);
  });

  it("keeps its headline", async () => {
    renderDashboard(fake, "/accuracy");
    const headline = await screen.findByTestId("headline");
    expect(await within(headline).findByText("98.8%")).toBeVisible();
    expect(headline).toHaveTextContent("confidence vs. accuracy");
  });
});

describe("the queue to label", () => {
  it("says why the model has no answer", async () => {
    fake.uncertain = [
      record(1, { status: "unknown", unknown_reason: "unfamiliar" }),
      record(2, { status: "unknown" }),
    ];
    renderDashboard(fake, tabOf("label"));
    expect(await screen.findByTestId("label-why")).toHaveTextContent(
      "Unknown: UnfamiliarThis image is unlike anything the model was taught.",
    );
  });
});
