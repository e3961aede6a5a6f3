import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeApi } from "../../fakeApi";
import { labels } from "../../largeReport";
import { renderDashboard } from "../../render";

let fake: FakeApi;

describe("the search for a label", () => {
  beforeEach(() => {
    fake = new FakeApi();
    fake.status = { ...fake.status, labels: ["cat", "dog", ...labels], parents: { dog: "pet" } };
  });

  const box = async () => await screen.findByTestId("filter-label");
  const names = () =>
    within(screen.getByRole("listbox", { name: "Label" }))
      .queryAllByRole("option")
      .map((option) => option.textContent);

  it("shows a part of a long list, and says how many are left", async () => {
    renderDashboard(fake, "/history");
    await userEvent.click(await box());
    expect(names()).toHaveLength(50);
    expect(screen.getByText("953 more: type part of the name.")).toBeVisible();
  });

  it("finds by the name first, then by a parent's", async () => {
    renderDashboard(fake, "/history");
    await userEvent.type(await box(), "pet");
    expect(names()).toEqual(["pet", "dogpet"]);
    await userEvent.type(await box(), "xx");
    expect(screen.getByText("No match.")).toBeVisible();
  });

  it("is used with the keyboard, keeps its choice when left, and is emptied", async () => {
    renderDashboard(fake, "/history");
    await userEvent.type(await box(), "dog{Enter}");
    expect(window.location.hash).toBe("#/history?label=dog");
    await userEvent.type(await box(), "{Backspace}");
    await userEvent.tab();
    expect(await box()).toHaveValue("dog");
    expect(window.location.hash).toBe("#/history?label=dog");
    await userEvent.click(await box());
    await userEvent.keyboard("{Escape}{Escape}");
    expect(window.location.hash).toBe("#/history?label=dog");
    await userEvent.click(screen.getByRole("button", { name: "Clear: Label" }));
    expect(window.location.hash).toBe("#/history");
    expect(await box()).toHaveValue("");
  });
});
