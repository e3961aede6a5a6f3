import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeApi, problem } from "../fakeApi";
import { record } from "../records";
import { registry, stats } from "../registry";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registry();
  fake.stats = stats();
  fake.uncertain = [record(1, { confidence: 0.4 }), record(2, { confidence: 0.5 }), record(3)];
});

const open = async () => {
  renderDashboard(fake, "/accuracy?tab=label");
  await screen.findByTestId("label-none");
};
const press = (key: string, more: object = {}) =>
  fireEvent.keyDown(document.activeElement ?? document.body, { key, ...more });
const count = () => screen.getByTestId("label-count");
const labels = () => fake.uncertain?.map(({ feedback }) => feedback?.label);
const leave = async () => {
  await userEvent.click(screen.getByTestId("tab-classes"));
  await waitFor(() => {
    expect(screen.queryByTestId("label-count")).not.toBeInTheDocument();
  });
};
const comeBack = async () => {
  await userEvent.click(screen.getByTestId("tab-label"));
  await screen.findByTestId("label-count");
};

describe("the queue to label", () => {
  it("names what could not be saved also after it was left", async () => {
    fake.failing = (path) =>
      path.endsWith("/feedback") ? problem(429, "too_many_requests") : null;
    await open();
    press("1");
    await leave();
    await comeBack();
    expect(count()).toHaveTextContent("2 left · 1 labelled");
    const unsaved = await screen.findByTestId("label-unsaved");
    fake.failing = null;
    await userEvent.click(within(unsaved).getByRole("button"));
    await waitFor(() => {
      expect(labels()).toEqual(["cat", undefined, undefined]);
    });
    expect(screen.queryByTestId("label-unsaved")).not.toBeInTheDocument();
    expect(fake.count("/uncertain")).toBe(1);
  });

  it("goes on to send what was said while another tab is open", async () => {
    await open();
    fake.delay = 200;
    press("1");
    press("2");
    await leave();
    await waitFor(() => {
      expect(labels()).toEqual(["cat", "dog", undefined]);
    });
  });

  it("asks for images again when it is opened after it was worked through", async () => {
    await open();
    for (const key of ["1", "1", "1"]) press(key);
    expect(screen.getByTestId("label-empty")).toBeVisible();
    await leave();
    fake.uncertain = [record(4)];
    await comeBack();
    await waitFor(() => {
      expect(count()).toHaveTextContent("1 left · 3 labelled");
    });
    expect(screen.getByTestId("label-none")).toBeVisible();
  });

  it("keeps what could not be taken back, with the reason and a way to try again", async () => {
    await open();
    press("1");
    await waitFor(() => {
      expect(labels()).toEqual(["cat", undefined, undefined]);
    });
    fake.failing = (_, method) => (method === "DELETE" ? problem(503, "unavailable") : null);
    press("u", { code: "KeyU" });
    const failed = await screen.findByTestId("label-undo-failed");
    expect(count()).toHaveTextContent("3 left · 1 labelled");
    fake.failing = null;
    await userEvent.click(within(failed).getByRole("button"));
    await waitFor(() => {
      expect(labels()).toEqual([undefined, undefined, undefined]);
    });
    expect(count()).toHaveTextContent("3 left · 0 labelled");
    expect(screen.queryByTestId("label-undo-failed")).not.toBeInTheDocument();
  });

  it("has nothing to keep where somebody else took it back first", async () => {
    await open();
    press("1");
    await waitFor(() => {
      expect(labels()).toEqual(["cat", undefined, undefined]);
    });
    fake.uncertain = [record(1), record(2), record(3)];
    press("u", { code: "KeyU" });
    await waitFor(async () => {
      expect(await fake.sent("/predictions/s3-000001/feedback")).toHaveLength(2);
    });
    press("2");
    await waitFor(() => {
      expect(labels()).toEqual(["dog", undefined, undefined]);
    });
    expect(count()).toHaveTextContent("2 left · 1 labelled");
    expect(screen.queryByTestId("label-undo-failed")).not.toBeInTheDocument();
  });
});

describe("a key of the queue", () => {
  it("labels one image, however long it is held down", async () => {
    await open();
    press("1");
    for (let n = 0; n < 5; n++) press("1", { repeat: true });
    expect(count()).toHaveTextContent("2 left · 1 labelled");
  });

  it("works after the tab was clicked, where Enter and Space stay the button's own", async () => {
    renderDashboard(fake, "/accuracy?tab=classes");
    await userEvent.click(await screen.findByTestId("tab-label"));
    await screen.findByTestId("label-none");
    expect(screen.getByTestId("tab-label")).toHaveFocus();
    press("Enter");
    press(" ");
    expect(count()).toHaveTextContent("3 left · 0 labelled");
    press("1");
    expect(count()).toHaveTextContent("2 left · 1 labelled");
  });

  it.each([
    "<input>",
    "<select></select>",
    "<textarea></textarea>",
    '<p contenteditable="true" tabindex="0"></p>',
  ])("is left to what is being written in %s", async (html) => {
    await open();
    const field = document.createElement("div");
    document.body.append(field);
    field.innerHTML = html;
    (field.firstElementChild as HTMLElement).focus();
    press("1");
    expect(count()).toHaveTextContent("3 left · 0 labelled");
    field.remove();
  });
});
