import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { LogEntry } from "visionflow-client";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { apiKey, me, viewer } from "../../callers";
import { FakeApi, problem } from "../../fakeApi";
import { feedback, record } from "../../records";
import { renderDashboard } from "../../render";

const owned = (n: number, owner: string | null): LogEntry => ({ ...record(n), owner });

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.records = [owned(1, "user:1"), owned(2, "key:sorter22")];
  fake.me = viewer();
});

const open = (n: number) => renderDashboard(fake, `/history?record=s3-00000${n}`);

describe("the owner of a record", () => {
  it("is named where it is the reader, and else shown by its id", async () => {
    open(1);
    expect(await screen.findByTestId("record-owner")).toHaveTextContent("ann@team.test (you)");
  });

  it("that is an API key is named by its prefix to those who may not list keys", async () => {
    open(2);
    expect(await screen.findByTestId("record-owner")).toHaveTextContent("API key sorter22");
    expect(fake.count("/keys")).toBe(0);
  });

  it("leads an admin to the erasure of all that is theirs", async () => {
    fake.me = me();
    fake.keys = [apiKey("sorter22", { name: "sorting line 4" })];
    open(2);
    const owner = await screen.findByTestId("record-owner");
    expect(await within(owner).findByText("API key sorting line 4")).toBeVisible();
    await userEvent.click(within(owner).getByRole("link", { name: "Erase all of this owner" }));
    expect(await screen.findByTestId("erase-owner")).toHaveValue("key:sorter22");
  });
});

describe("deleting a record", () => {
  const confirm = async () => {
    await userEvent.click(await screen.findByTestId("record-delete"));
    await userEvent.click(await screen.findByTestId("delete-confirm"));
  };

  it("says what goes and what backups keep, and takes it out of the list", async () => {
    open(1);
    await userEvent.click(await screen.findByTestId("record-delete"));
    const dialog = await screen.findByTestId("delete");
    expect(dialog).toHaveTextContent("the image in all its versions, and its thumbnail");
    expect(dialog).toHaveTextContent("for up to 35 days");
    expect(fake.records).toHaveLength(2);
    await userEvent.click(within(dialog).getByTestId("delete-confirm"));
    await vi.waitFor(() => {
      expect(screen.queryByTestId("record")).not.toBeInTheDocument();
      expect(screen.getAllByTestId("history-row")).toHaveLength(1);
    });
    expect(fake.records.map(({ id }) => id)).toEqual(["s3-000002"]);
  });

  it("is not offered for somebody else's", async () => {
    open(2);
    expect(await screen.findByText(/Only its owner or an admin can delete/)).toBeVisible();
    expect(screen.queryByTestId("record-delete")).not.toBeInTheDocument();
  });

  it("is offered to an admin for any", async () => {
    fake.me = me();
    open(2);
    await confirm();
    await vi.waitFor(() => {
      expect(fake.records.map(({ id }) => id)).toEqual(["s3-000001"]);
    });
  });

  it("that is refused says why and keeps the record", async () => {
    fake.failing = (_, method) => (method === "DELETE" ? problem(403, "forbidden") : null);
    open(1);
    await confirm();
    expect(await screen.findByTestId("problem")).toHaveTextContent("may not do this");
    expect(screen.getByTestId("delete")).toBeInTheDocument();
  });

  it("closes only its question on Escape", async () => {
    open(1);
    await userEvent.click(await screen.findByTestId("record-delete"));
    const dialog = await screen.findByTestId("delete");
    dialog.dispatchEvent(new Event("cancel", { cancelable: true }));
    await vi.waitFor(() => {
      expect(screen.queryByTestId("delete")).not.toBeInTheDocument();
    });
    expect(screen.getByTestId("record")).toBeInTheDocument();
  });
});

describe("feedback", () => {
  it("shows by whom and with which weight", async () => {
    const said = feedback("cat", { by: "bob@team.test", weight: 2 });
    fake.records = [{ ...owned(1, null), feedback: said }];
    open(1);
    expect(await screen.findByTestId("feedback-by")).toHaveTextContent(
      "by bob@team.test (weight of a labeller)",
    );
  });

  it("that does not replace a heavier one says so", async () => {
    fake.standing = { label: "dog", by: "root@team.test", weight: 3 };
    open(1);
    await userEvent.click(await screen.findByTestId("feedback-yes"));
    expect(await screen.findByTestId("feedback-outweighed")).toHaveTextContent(
      "Your feedback “cat” is saved, but it does not replace this one",
    );
    expect(screen.getByTestId("feedback-by")).toHaveTextContent("root@team.test");
    expect(screen.getByTestId("feedback-said")).toHaveTextContent("cat → dog");
  });
});
