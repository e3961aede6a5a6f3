import { act, screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { LANGUAGES, type Language } from "../../src/i18n";
import { speaking } from "../speaking";
import { addDataTexts } from "../../src/i18n/data/texts";
import { FakeApi, json, problem } from "../fakeApi";
import { dataset } from "../fakeDatasets";
import { registry } from "../registry";
import { renderDashboard } from "../render";

/**
 * Whatever says that there is nothing. None of it may be on a page that does not know yet, or that
 * could not find out.
 */
const EMPTY = [
  "history.emptyTitle",
  "history.noMatchTitle",
  "live.noLabels",
  "accuracy.noModel",
  "accuracy.noFeedback",
  "accuracy.noConfusions",
  "accuracy.noMistakes",
  "accuracy.queueEmpty",
  "accuracy.queueEmptyText",
  "models.nobody",
  "models.nobodyProduction",
  "models.noDrift",
  "training.noData",
  "training.nothing",
  "training.noJobs",
  "training.noEstimate",
  "keys.none",
  "audit.none",
] as const;
const OF_DATA = [
  "empty",
  "noClasses",
  "noImages",
  "noMatchText",
  "noHealth",
  "noAdvice",
  "noSuspects",
  "noConfusions",
  "noVersions",
] as const;

const PAGES = [
  "/",
  "/predict",
  "/history",
  "/history?label=cat",
  "/history?view=grid",
  "/history?record=s3-000001",
  "/accuracy",
  "/accuracy?tab=feedback",
  "/accuracy?tab=queue",
  "/models",
  "/models?version=1.0.0",
  "/data",
  "/data?dataset=flowers",
  "/data?dataset=flowers&tab=health",
  "/data?dataset=flowers&tab=versions",
  "/data?dataset=flowers&tab=train",
  "/training",
  "/training?job=a",
  "/access",
  "/account",
];

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
});

function shown(): string {
  return document.body.textContent;
}

function expectNothingCalledEmpty(
  language: Language,
  page: string,
  known: readonly string[] = [],
): void {
  const i18n = speaking(language);
  addDataTexts(i18n);
  const ofData = page.startsWith("/data") ? OF_DATA.map((key) => i18n.t(`data.${key}`)) : [];
  const unknown = EMPTY.filter((key) => !known.includes(key));
  const texts = [...unknown.map((key) => i18n.t(key)), ...ofData];
  for (const text of texts) {
    // Short ones, such as "None", are looked for as a whole.
    if (text.length < 8) expect(screen.queryAllByText(text), `${page}: ${text}`).toEqual([]);
    else expect(shown(), page).not.toContain(text);
  }
  for (const number of document.querySelectorAll("main .numeric, main [data-testid^=live-]")) {
    expect(number.textContent, `${page}: a number that nobody knows`).not.toMatch(
      /(^|[^\d.:])0(\.0+)?( ?%|$)/,
    );
  }
}

const LISTS = /^\/(me|status|models|datasets)$/;

/** What may be said to be empty although it is not asked for any more: the list names who serves. */
const KNOWN_BY_LISTS = ["models.nobody"];

type Situation = [name: string, begin: () => void, known: readonly string[]];
const SITUATIONS: Situation[] = [
  ["the API thinks", () => (fake.delay = 60_000), []],
  ["the API fails", () => (fake.failing = but(/^\/me$/, 500, "internal_error")), []],
  ["the caller may not read", () => (fake.failing = but(/^\/me$/, 403, "forbidden")), []],
  ["only lists are known", onlyLists, KNOWN_BY_LISTS],
  ["the API is not reached", () => (fake.down = true), []],
];

function but(fine: RegExp, status: number, code: string) {
  return (path: string) => (fine.test(path) ? null : problem(status, code));
}

function onlyLists(): void {
  fake.models = registry();
  fake.datasets.list = [dataset("flowers", ["daisy"])];
  fake.failing = but(LISTS, 500, "internal_error");
}

/** Half of the pages in each language, so that both are covered in the time of one. */
const CASES = SITUATIONS.flatMap((situation, turn) =>
  PAGES.map((page, index) => {
    const language: Language = LANGUAGES[(turn + index) % LANGUAGES.length] ?? "en";
    return { page, language, situation: situation[0], begin: situation[1], known: situation[2] };
  }),
);

describe("what is unknown yet is never shown as nothing", () => {
  it.each(CASES)("on $page while $situation ($language)", async ({ page, ...given }) => {
    given.begin();
    renderDashboard(fake, page, given.language);
    await screen.findByRole("heading", { level: 1 }, { timeout: 15_000 });
    await act(() => new Promise((resolve) => setTimeout(resolve, 20)));
    expectNothingCalledEmpty(given.language, page, given.known);
    // What shows a failure may ask again as it appears, once.
    expect(fake.count("/me"), "requests of /me").toBeLessThan(4);
  });
});

describe("header and page", () => {
  it.each(["/", "/history"])("say the same of an API that is not reached on %s", async (page) => {
    fake.down = true;
    renderDashboard(fake, page);
    const { t } = speaking("en");
    expect(await screen.findByTestId("not-reached")).toHaveTextContent(t("reach.unreachable"));
    for (const id of ["model-badge", "live-status"]) {
      expect(await screen.findByTestId(id)).toHaveTextContent(t("condition.unreachable"));
    }
  });

  it.each([
    ["offline", null],
    ["forbidden", problem(403, "forbidden")],
    ["signedOut", json({ message: "Unauthorized" }, 401)],
    ["failing", problem(500, "internal_error")],
  ] as const)("agree on what is wrong: %s", async (condition, answer) => {
    if (answer === null) vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    fake.down = answer === null;
    fake.failing = () => answer?.clone() ?? null;
    renderDashboard(fake, "/history");
    const { t } = speaking("en");
    for (const id of ["model-badge", "live-status"]) {
      await waitFor(() => {
        expect(screen.getByTestId(id)).toHaveTextContent(t(`condition.${condition}`));
      });
    }
  });

  it("recover together", async () => {
    fake.down = true;
    renderDashboard(fake, "/history");
    await screen.findByTestId("not-reached");
    fake.down = false;
    await waitFor(
      () => {
        expect(screen.queryByTestId("not-reached")).toBeNull();
      },
      { timeout: 10_000 },
    );
    await waitFor(() => {
      expect(screen.getByTestId("live-status")).toHaveAttribute("data-state", "live");
    });
  });
});
