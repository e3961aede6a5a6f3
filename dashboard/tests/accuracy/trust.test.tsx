import { screen, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";

import written from "../data/report.json";
import { FakeApi } from "../fakeApi";
import { registry, stats } from "../registry";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registry();
  fake.stats = stats();
});

describe("the headline", () => {
  it("has coverage and the accuracy of what is recognised, with interval and n", async () => {
    renderDashboard(fake, "/accuracy");
    const headline = await screen.findByTestId("headline");
    const known = await within(headline).findByText("95.1%");
    expect(known.parentElement).toHaveTextContent(/^Recognised95\.1%95%: .+–.+, n=228$/);
    const right = within(headline).getByText("Correct of these").parentElement;
    expect(right).toHaveTextContent(/98\.6%95%: .+–.+, n=217$/);
    expect(headline).toHaveTextContent("Top-5");
    expect(screen.queryByTestId("never-unknown")).toBeNull();
  });

  it("has no top-5 of five classes", async () => {
    fake.report = {
      ...written,
      test: { ...written.test, classes: written.test.classes.slice(5, 10) },
    };
    renderDashboard(fake, "/accuracy");
    const headline = await screen.findByTestId("headline");
    await within(headline).findByText("95.1%");
    expect(headline).not.toHaveTextContent("Top-5");
  });

  it.each([
    ["en", null, "This version never answers “unknown”"],
    ["ko", null, "‘알 수 없음’으로 답하지 않습니다"],
    ["en", written.unfamiliar, "Only unfamiliar images are unknown"],
  ] as const)(
    "says in %s that a threshold of 0 holds nothing back",
    async (language, own, said) => {
      fake.report = { ...written, unknown_threshold: 0, unfamiliar: own };
      renderDashboard(fake, "/accuracy", language);
      expect(await screen.findByTestId("never-unknown")).toHaveTextContent(said);
    },
  );
});

describe("the curves", () => {
  it("have the threshold in use, with what it does", async () => {
    renderDashboard(fake, "/accuracy?tab=curves");
    const coverage = await screen.findByTestId("coverage");
    const points = await within(coverage).findByTestId("points");
    expect(points).toHaveTextContent(/threshold of this version \(55\.0%\): 0\.55\d+,0 0\.55/);
    expect(screen.getByTestId("threshold-used")).toHaveTextContent(
      "At the threshold of this version, 55.0%: about 100.0% of the test images are recognised, 98.6% of these correctly (n=228).",
    );
  });

  it("have no bin with fewer answers than say something", async () => {
    renderDashboard(fake, "/accuracy?tab=curves");
    const [, ...rows] = within(await screen.findByTestId("bins")).getAllByRole("row", {
      hidden: true,
    });
    // Written as bins of 2, 1, 1 and 224 answers.
    expect(
      rows.map((row) => within(row).getAllByRole("cell", { hidden: true })[0]?.textContent),
    ).toEqual(["228"]);
  });
});

describe("a verdict on few images", () => {
  it("on drift is not given", async () => {
    const few = { labels: 0.05, embedding: 0.1, n: 170, needed: 200, verdict: "too_few" } as const;
    fake.stats = stats({ drift: { "1.0.0": few } });
    renderDashboard(fake, "/models");
    const drift = within(await screen.findByTestId("drift"));
    expect(await drift.findByText("too few to tell (170 of 200)")).toBeVisible();
    expect(drift.queryByText("steady")).toBeNull();
  });
});

it("the gate claims the export only", async () => {
  renderDashboard(fake, "/models");
  expect(await screen.findByTestId("gate-proves")).toHaveTextContent(
    "It does not prove quality; see Accuracy for that. Checked on validation images: 227.",
  );
});
