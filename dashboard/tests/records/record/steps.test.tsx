import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeApi, problem } from "../../fakeApi";
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
const said = () => screen.getByTestId("record-arrived");
const press = (key: string) => fireEvent.keyDown(document.activeElement ?? document.body, { key });
const older = () => fake.requests.filter(({ url }) => url.includes("cursor=")).length;

function pause(ms: number): Promise<void> {
  return act(() => new Promise<void>((resolve) => setTimeout(resolve, ms)));
}

describe("a record of a list", () => {
  it.each(["/history", "/"])("leads to its neighbours at %s", async (page) => {
    renderDashboard(fake, `${page}?record=${id(50)}`);
    await screen.findByTestId("record-next");
    expect(position()).toHaveTextContent("2 of 52");
    expect(said()).toHaveTextContent(/^2 of 5[02] label 50/);
    expect(said()).toHaveAttribute("role", "status");
    await userEvent.click(screen.getByTestId("record-next"));
    await shown(49);
    expect(screen.getByTestId("record-next")).toHaveFocus();
    fireEvent.keyDown(document.activeElement ?? document.body, { key: "ArrowLeft" });
    fireEvent.keyDown(document.activeElement ?? document.body, { key: "ArrowLeft" });
    await shown(51);
    expect(said()).toHaveTextContent("1 of 52 label 51");
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

  it("says why the next page does not come, and asks for it again only when told", async () => {
    fake.records = Array.from({ length: 120 }, (_, n) => record(n));
    fake.failing = (path) => (path.includes("cursor=") ? problem(500, "internal_error") : null);
    renderDashboard(fake, `/?record=${id(70)}`);
    await userEvent.click(await screen.findByTestId("record-next"));
    expect(await screen.findByTestId("record-next-error")).toBeVisible();
    const asked = older();
    await pause(100);
    expect(older()).toBe(asked);
    fake.failing = null;
    await userEvent.click(screen.getByTestId("record-next"));
    await shown(69);
    expect(screen.queryByTestId("record-next-error")).not.toBeInTheDocument();
  });

  it("is not announced again when others arrive", async () => {
    renderDashboard(fake, `/history?record=${id(50)}`);
    await screen.findByTestId("record-next");
    fake.records = [...fake.records, record(52)];
    await waitFor(() => {
      expect(position()).toHaveTextContent("3 of 53");
    });
    expect(said()).toHaveTextContent(/^2 of 5[02] label 50/);
  });

  it.each([
    '<pre tabindex="0">code</pre>',
    '<ul role="listbox"><li tabindex="0">label</li></ul>',
    '<p contenteditable="true" tabindex="0">text</p>',
  ])("keeps the arrow keys for what uses them itself: %s", async (html) => {
    const { container } = renderDashboard(fake, `/history?record=${id(50)}`);
    await screen.findByTestId("record-next");
    container.insertAdjacentHTML("beforeend", html);
    container.lastElementChild?.closest<HTMLElement>("[tabindex]")?.focus();
    container.lastElementChild?.querySelector<HTMLElement>("[tabindex]")?.focus();
    expect(document.activeElement).not.toBe(document.body);
    press("ArrowRight");
    await pause(50);
    await shown(50);
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
