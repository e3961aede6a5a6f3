import { screen, within } from "@testing-library/react";
import type { GroupSummary, LabelCheck } from "visionflow-client";
import { beforeEach, describe, expect, it } from "vitest";

import written from "../data/report.json";
import older from "../data/report.older.json";
import { FakeApi } from "../fakeApi";
import { record } from "../records";
import { registry, stats } from "../registry";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registry();
  fake.stats = stats();
});

/** The real groups, with what that run had not: a label with one group, and parts that leak. */
const GROUPS: GroupSummary = {
  ...written.data.groups,
  single_group_labels: ["lighthouse"],
  leaks: [
    { part: "test", images: 228, leaking: 12, examples: ["cat/7.jpg", "cat/8.jpg"] },
    { part: "validation", images: 227, leaking: 0, examples: [] },
  ],
};

/** The real cross-validation, with suspicious labels, of which that run had none. */
const LABELS: LabelCheck = {
  ...written.labels,
  suspects: [
    {
      file: "cat/12.jpg",
      label: "cat",
      suggested: "dog",
      confidence: 0.0123,
      suggested_confidence: 0.951,
      image: "data:image/jpeg;base64,/9j/",
    },
    {
      file: "dog/3.jpg",
      label: "dog",
      suggested: "cat",
      confidence: 0.2,
      suggested_confidence: 0.7,
      image: null,
    },
  ],
  suspect_count: 130,
};

const tabOf = (tab: string) => `/accuracy?tab=${tab}`;

describe("groups", () => {
  it("are counted, with what a split by file would have leaked", async () => {
    renderDashboard(fake, tabOf("groups"));
    const groups = await screen.findByTestId("groups");
    expect(groups).toHaveTextContent("Groups973images: 1,134");
    expect(groups).toHaveTextContent("Largest group37");
    expect(screen.getByTestId("would-leak")).toHaveTextContent(
      "Under a split by file, 74 of the test and validation images (456) would have leaked",
    );
    expect(await screen.findByTestId("bars")).toHaveTextContent(
      "1 900 2 55 3–4 10 5–8 4 9–16 3 17–32 33–64 1",
    );
  });

  it("name labels that cannot be measured, and given parts that leak", async () => {
    fake.report = { ...written, data: { ...written.data, groups: GROUPS } };
    renderDashboard(fake, tabOf("groups"));
    const single = await screen.findByTestId("single-groups");
    expect(single).toHaveTextContent("its accuracy cannot be measured");
    expect(within(single).getByText("lighthouse")).toBeVisible();
    const [leak, ...others] = screen.getAllByTestId("leak");
    expect(others).toEqual([]);
    expect(leak).toHaveTextContent("Images similar to those of another part: 12 of 228.");
    expect(leak).toHaveTextContent("cat/7.jpg");
    expect(screen.getByRole("row", { name: /^Test/ })).toHaveTextContent("22818612");
  });

  it("come with the accuracy of both kinds of split", async () => {
    renderDashboard(fake, tabOf("groups"));
    const splits = await screen.findByTestId("splits");
    expect(splits).toHaveTextContent("By group, as here98.1% 95%: 97.3%–98.8%");
    expect(splits).toHaveTextContent("By file, which leaks98.4% 95%: 97.5%–98.9%");
  });

  it("say in training's words why the splits were not compared", async () => {
    const skipped = "fewer than 5 groups for a label";
    fake.report = { ...written, labels: { ...written.labels, skipped, scores: null } };
    renderDashboard(fake, tabOf("groups"));
    expect(await screen.findByText(skipped)).toBeVisible();
    expect(screen.queryByTestId("splits")).not.toBeInTheDocument();
  });
});

describe("strangers", () => {
  it("are shown with their curves, and with the share that gets an answer", async () => {
    renderDashboard(fake, tabOf("unfamiliar"));
    const section = await screen.findByTestId("unfamiliar");
    expect(section).toHaveTextContent("Kept on test95.1%");
    expect(section).toHaveTextContent("Unsure on test0.0%");
    expect(section).toHaveTextContent("Unfamiliar on test4.8%");
    expect(section).toHaveTextContent("below 0.231");
    const rows = within(screen.getByTestId("strangers"));
    expect(rows.getByRole("row", { name: /^shapes/ })).toHaveTextContent("shapes2000.5%0.994");
    const roc = within(screen.getByTestId("stranger-roc"));
    expect(await roc.findByTestId("points")).toHaveTextContent(
      "digits (1.000): 0,0 0,0.0044 0,1 1,1",
    );
  });

  it("may not have been measured", async () => {
    fake.report = { ...written, unfamiliar: { ...written.unfamiliar, strangers: [] } };
    renderDashboard(fake, tabOf("unfamiliar"));
    expect(await screen.findByText("No other dataset was measured.")).toBeVisible();
    expect(screen.queryByTestId("stranger-roc")).not.toBeInTheDocument();
  });

  it("are not recognised by a version without a threshold", async () => {
    fake.report = { ...written, unfamiliar: null };
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
    expect(row).toHaveTextContent("95.1% 95%: 91.9%–97.8% n=228");
    expect(row).toHaveTextContent("0.964.3%");
  });

  it("need validation images", async () => {
    fake.report = { ...written, prediction_sets: [] };
    renderDashboard(fake, tabOf("sets"));
    expect(await screen.findByTestId("not-measured")).toHaveTextContent(
      "too few validation images",
    );
  });
});

describe("suspicious labels", () => {
  it("are shown with what is suggested instead", async () => {
    fake.report = { ...written, labels: LABELS };
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
    [{}, "no-suspects", "No suspicious labels found"],
    [{ skipped: "no trunk at hand" }, "not-measured", "no trunk at hand"],
  ])("may be none: %j", async (changes, testId, words) => {
    fake.report = { ...written, labels: { ...written.labels, ...changes } };
    renderDashboard(fake, tabOf("suspects"));
    expect(await screen.findByTestId(testId)).toHaveTextContent(words);
  });
});

describe("the calibration error", () => {
  it("has its interval, and the test images their groups", async () => {
    renderDashboard(fake, "/accuracy");
    const headline = await screen.findByTestId("headline");
    expect(await within(headline).findByText("95%: 0.0%–2.7%")).toBeVisible();
    expect(headline).toHaveTextContent("independent groups: 186");
    expect(screen.queryByTestId("few-groups")).not.toBeInTheDocument();
  });

  it("comes with a warning where the groups are too few", async () => {
    fake.report = { ...written, test: { ...written.test, groups: 9, few_groups: true } };
    renderDashboard(fake, "/accuracy");
    expect(await screen.findByTestId("few-groups")).toHaveTextContent(
      "The test images form too few independent groups (9)",
    );
  });
});

describe("the report of an older version", () => {
  beforeEach(() => {
    fake.report = older;
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
    expect(await within(headline).findAllByText("98.8%")).toHaveLength(2);
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
      "Unknown: UnfamiliarThis image is unlike anything the model was trained on.",
    );
  });
});
