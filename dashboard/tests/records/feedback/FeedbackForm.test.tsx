import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import type { LogEntry } from "visionflow-client";
import { beforeEach, describe, expect, it } from "vitest";

import { viewer } from "../../callers";
import { choose } from "../../choose";
import { FakeApi, problem } from "../../fakeApi";
import { feedback, record } from "../../records";
import { registryOfRecords, stats } from "../../registry";
import { renderDashboard } from "../../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registryOfRecords();
  fake.stats = stats();
});

const sent = () => fake.sent("/predictions/s3-000001/feedback");
async function open(changes: Partial<LogEntry> = {}, language: "en" | "ko" = "en") {
  fake.records = [record(1, changes)];
  const page = renderDashboard(fake, "/history?record=s3-000001", language);
  await screen.findByTestId("feedback");
  return page;
}
const said = () => screen.findByTestId("feedback-said");
const marks = () => screen.getAllByTestId("feedback-mark").map((mark) => mark.textContent);

describe("feedback on a record", () => {
  it("is that it shows none of the classes, and is taken back", async () => {
    fake.standing = { by: "anonymous" };
    await open();
    await userEvent.click(screen.getByTestId("feedback-none"));
    expect(await said()).toHaveTextContent("cat → None of these");
    expect(await sent()).toEqual([{ label: null }]);
    // In the row and in the drawer.
    expect(marks()).toEqual([" corrected to →None of these", " corrected to →None of these"]);
    await userEvent.click(screen.getByTestId("feedback-undo"));
    expect(await screen.findByTestId("feedback-yes")).toBeVisible();
    expect(screen.queryByTestId("feedback-mark")).not.toBeInTheDocument();
    expect(fake.records[0]?.feedback).toBeNull();
  });

  it("is right where the model did not know an image that is none of its classes", async () => {
    await open({ status: "unknown", unknown_reason: "unfamiliar" });
    const [first] = within(screen.getByTestId("feedback")).getAllByRole("button");
    expect(first).toHaveTextContent("None of these");
    await userEvent.click(screen.getByTestId("feedback-none"));
    expect(await said()).toHaveTextContent(/^None of these$/);
    for (const mark of screen.getAllByTestId("feedback-mark")) {
      expect(mark).toHaveAttribute("data-right", "true");
    }
  });

  it("is a new class for who may name one", async () => {
    await open();
    await userEvent.click(screen.getByTestId("feedback-new"));
    await userEvent.type(screen.getByTestId("feedback-new-name"), "yak");
    await userEvent.click(screen.getByTestId("feedback-save"));
    expect(await said()).toHaveTextContent("cat → yak");
    expect(await sent()).toEqual([{ label: "yak", new: true }]);
  });

  it("is no new class for a viewer", async () => {
    fake.me = viewer();
    await open();
    expect(await screen.findByTestId("feedback-none")).toBeVisible();
    expect(screen.queryByTestId("feedback-new")).not.toBeInTheDocument();
  });

  it("says why the API does not take a name", async () => {
    fake.failing = (path) =>
      path.endsWith("/feedback") ? problem(400, "invalid_parameter") : null;
    await open();
    await userEvent.click(screen.getByTestId("feedback-new"));
    await userEvent.type(screen.getByTestId("feedback-new-name"), "train");
    await userEvent.click(screen.getByTestId("feedback-save"));
    expect(await screen.findByTestId("problem")).toBeVisible();
    expect(screen.getByTestId("feedback-new-name")).toHaveValue("train");
  });

  it("names the labels of the version that answered, whatever serves now", async () => {
    fake.status = { ...fake.status, labels: ["only", "served"] };
    await open();
    await userEvent.click(screen.getByTestId("feedback-no"));
    await choose(userEvent, "feedback-label", "starfish");
    await userEvent.clear(screen.getByTestId("feedback-label"));
    const names = screen.getAllByRole("option").map((option) => option.textContent);
    expect(names).toEqual(expect.arrayContaining(["starfish", "cat"]));
    expect(names).not.toContain("served");
  });

  it("is cancelled without a word, and with one that stays", async () => {
    await open();
    await userEvent.click(screen.getByTestId("feedback-no"));
    await userEvent.click(screen.getByTestId("feedback-cancel"));
    expect(screen.queryByTestId("feedback-label")).not.toBeInTheDocument();
    await userEvent.click(screen.getByTestId("feedback-yes"));
    expect(await said()).toHaveTextContent("Confirmed as “cat”");
    await userEvent.click(screen.getByTestId("feedback-change"));
    await userEvent.click(screen.getByTestId("feedback-cancel"));
    expect(await said()).toHaveTextContent("Confirmed as “cat”");
    expect(await sent()).toEqual([{ label: "cat" }]);
  });

  it.each([
    ["own", "ann@team.test", "Undo"],
    ["own", "bob@team.test", "Take back my feedback"], // it is outweighed
    ["unowned", "bob@team.test", "Take back (who gave it was not recorded)"],
  ] as const)("is taken back when the page is opened anew: %s, by %s", async (kind, by, text) => {
    fake.undoable = kind;
    fake.me = viewer({ name: "ann@team.test" });
    await open({ feedback: feedback("dog", { by }) });
    const undo = await screen.findByTestId("feedback-undo");
    expect(undo).toHaveTextContent(text);
    await userEvent.click(undo);
    expect(await screen.findByTestId("feedback-yes")).toBeVisible();
    expect(screen.queryByTestId("feedback-undo")).not.toBeInTheDocument();
  });

  it("is not taken back by who only has the name of its giver", async () => {
    fake.me = viewer({ name: "ann@team.test" });
    await open({ feedback: feedback("dog", { by: "ann@team.test" }) });
    expect(await screen.findByTestId("feedback-change")).toBeVisible();
    expect(screen.queryByTestId("feedback-undo")).not.toBeInTheDocument();
  });

  it("of somebody else is not taken back", async () => {
    await open({ feedback: feedback("cat", { by: "bob@team.test" }) });
    expect(await screen.findByTestId("feedback-change")).toBeVisible();
    expect(screen.queryByTestId("feedback-undo")).not.toBeInTheDocument();
  });

  it("keeps the focus where its buttons were", async () => {
    await open();
    screen.getByTestId("feedback-none").focus();
    await userEvent.keyboard("{Enter}");
    await said();
    await waitFor(() => {
      expect(screen.getByTestId("feedback")).toHaveFocus();
    });
  });

  it.each(["en", "ko"] as const)("has no fault that axe finds (%s)", async (language) => {
    const { container } = await open({}, language);
    await userEvent.click(screen.getByTestId("feedback-new"));
    const { violations } = await axe.run(container, {
      rules: { "color-contrast": { enabled: false } },
    });
    expect(violations).toEqual([]);
  });
});

describe("what people said", () => {
  it.each(["/history", "/history?view=grid", "/"])("shows beside each answer at %s", async (at) => {
    fake.records = [
      record(1),
      record(2, { feedback: feedback("cat") }),
      record(3, { label: "tulips", feedback: feedback("roses") }),
      record(4, { feedback: feedback(null) }),
      record(5, { feedback: feedback("kitten", { parents: ["cat"] }) }),
    ];
    renderDashboard(fake, at);
    await screen.findAllByTestId("feedback-mark");
    expect(screen.getAllByTestId("row-label").map((label) => label.textContent)).toEqual([
      "cat confirmed: ",
      "cat corrected to →None of these",
      "tulips corrected to →roses",
      "cat confirmed: ",
      "cat",
    ]);
  });
});
