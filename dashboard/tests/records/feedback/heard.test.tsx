import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeApi } from "../../fakeApi";
import { feedback, record } from "../../records";
import { registry, stats } from "../../registry";
import { renderDashboard } from "../../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registry();
  fake.stats = stats();
});

describe("feedback on a record", () => {
  it("is what the record says when it is read anew, not what was said here before", async () => {
    fake.records = [record(1)];
    renderDashboard(fake, "/history?record=s3-000001");
    await userEvent.click(await screen.findByTestId("feedback-yes"));
    expect(await screen.findByTestId("feedback-said")).toHaveTextContent("Confirmed as “cat”");
    await userEvent.click(screen.getByTestId("record-close"));
    await waitFor(() => {
      expect(screen.queryByTestId("record")).not.toBeInTheDocument();
    });
    fake.records = [record(1, { feedback: feedback("dog", { by: "bob@team.test" }) })];
    window.location.hash = "/history?record=s3-000001";
    expect(await screen.findByTestId("feedback-said")).toHaveTextContent("cat → dog");
  });

  it.each([
    ["ok", "feedback-yes"],
    ["unknown", "feedback-none"],
  ] as const)("of an answer %s keeps the focus when it is changed", async (status, first) => {
    fake.records = [record(1, { status, feedback: feedback("dog") })];
    renderDashboard(fake, "/history?record=s3-000001");
    await userEvent.click(await screen.findByTestId("feedback-change"));
    expect(screen.getByTestId(first)).toHaveFocus();
    // Not when a form opens and closes again.
    await userEvent.click(screen.getByTestId("feedback-no"));
    await userEvent.click(screen.getByTestId("feedback-no"));
    expect(screen.getByTestId("feedback-no")).toHaveFocus();
  });
});
