import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeApi } from "../../fakeApi";
import { record } from "../../records";
import { renderDashboard } from "../../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.records = Array.from({ length: 52 }, (_, n) => record(n, { label: `label ${n}` }));
});

const id = (n: number) => record(n).id;
const shown = (n: number) =>
  waitFor(() => {
    expect(screen.getByTestId("record-id")).toHaveTextContent(id(n));
  });
const position = () => screen.getByTestId("record-position");

describe("a record of a list", () => {
  it.each(["/history", "/"])("leads to its neighbours at %s", async (page) => {
    renderDashboard(fake, `${page}?record=${id(50)}`);
    await screen.findByTestId("record-next");
    expect(position()).toHaveTextContent("2 of 52 label 50");
    expect(position()).toHaveAttribute("role", "status");
    await userEvent.click(screen.getByTestId("record-next"));
    await shown(49);
    expect(screen.getByTestId("record-next")).toHaveFocus();
    fireEvent.keyDown(document.activeElement ?? document.body, { key: "ArrowLeft" });
    fireEvent.keyDown(document.activeElement ?? document.body, { key: "ArrowLeft" });
    await shown(51);
    expect(position()).toHaveTextContent("1 of 52 label 51");
    expect(screen.getByTestId("record-previous")).toHaveAttribute("aria-disabled", "true");
    await userEvent.click(screen.getByTestId("record-previous"));
    await shown(51);
    expect(window.location.hash).toContain(id(51));
  });

  it("is followed by what the next page brings", async () => {
    fake.records = Array.from({ length: 120 }, (_, n) => record(n));
    renderDashboard(fake, `/history?record=${id(70)}`);
    await screen.findByTestId("record-next");
    await userEvent.click(screen.getByTestId("record-next"));
    await shown(69);
    expect(position()).toHaveTextContent(/^51 of 1[02]0/);
  });

  it("keeps the arrow keys for a text that is being written", async () => {
    renderDashboard(fake, `/history?record=${id(50)}`);
    await userEvent.click(await screen.findByTestId("feedback-new"));
    await userEvent.type(screen.getByTestId("feedback-new-name"), "a{ArrowLeft}b");
    expect(screen.getByTestId("feedback-new-name")).toHaveValue("ba");
    await shown(50);
  });

  it("takes the focus back when it was in the record that has gone", async () => {
    renderDashboard(fake, `/history?record=${id(50)}`);
    (await screen.findByTestId("feedback-none")).focus();
    await userEvent.keyboard("{ArrowRight}");
    await shown(49);
    expect(screen.getByTestId("record-next")).toHaveFocus();
  });

  it("has none where it is not in the list", async () => {
    renderDashboard(fake, `/history?status=failed&record=${id(50)}`);
    await shown(50);
    expect(screen.queryByTestId("record-next")).not.toBeInTheDocument();
  });
});
