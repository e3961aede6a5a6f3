import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { apiKey, viewer } from "../callers";
import { FakeApi, problem } from "../fakeApi";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.keys = [
    apiKey("revoked2", { name: "old", revoked_at: "2026-02-20T09:00:00.000000Z" }),
    apiKey("active22", {
      requests_per_minute: 600,
      requests_per_month: 100_000,
      last_used_at: "2026-03-01T08:59:00.000000Z",
    }),
    apiKey("expired2", { name: "trial", expires_at: "2026-02-02T09:00:00.000000Z" }),
  ];
});

const rows = () => screen.findAllByTestId("key-row");

describe("the API keys", () => {
  it("are listed with what they may do, the usable ones first", async () => {
    renderDashboard(fake, "/access");
    const [first, ...others] = await rows();
    expect(first).toHaveTextContent(/night jobvf_active22_…active.*predict.*read/);
    expect(first).toHaveTextContent(/600 per minute.*100,000 per month/);
    expect(first).toHaveTextContent(/ann@team.test.*never.*Mar 1/);
    expect(others.map(({ dataset }) => dataset.state)).toEqual(["revoked", "expired"]);
    expect(others[0]).toHaveTextContent("not used yet");
    expect(screen.getAllByTestId("key-revoke")).toHaveLength(1);
  });

  it("say what to do where there are none", async () => {
    fake.keys = [];
    renderDashboard(fake, "/access", "ko");
    expect(await screen.findByTestId("keys-empty")).toHaveTextContent("API 키가 아직 없습니다");
  });

  it("are revoked only after the consequence was confirmed", async () => {
    renderDashboard(fake, "/access");
    await userEvent.click(await screen.findByTestId("key-revoke"));
    const dialog = await screen.findByTestId("revoke");
    expect(dialog).toHaveTextContent(
      "Requests with the key vf_active22_… are refused within 15 s.",
    );
    expect(fake.count("/keys/active22")).toBe(0);
    await userEvent.click(screen.getByTestId("revoke-confirm"));
    await vi.waitFor(() => {
      expect(screen.queryByTestId("key-revoke")).not.toBeInTheDocument();
    });
    expect(fake.count("/keys/active22")).toBe(1);
  });
});

describe("a new key", () => {
  const scope = (name: string) => screen.queryByTestId(`key-scope-${name}`);

  it("gets at most the scopes of who makes it, and the limits that were typed", async () => {
    fake.me = viewer({ scopes: ["predict", "read", "feedback", "admin"], second_factor: true });
    renderDashboard(fake, "/access?create=1");
    await userEvent.type(await screen.findByTestId("key-name"), "sorter");
    expect(scope("predict")).toBeChecked();
    expect(scope("admin")).not.toBeChecked();
    expect(scope("models")).not.toBeInTheDocument();
    await userEvent.click(screen.getByTestId("key-scope-read"));
    await userEvent.type(screen.getByTestId("key-per-minute"), "60");
    await userEvent.click(screen.getByTestId("key-submit"));
    await screen.findByTestId("new-key");
    expect(await fake.sent("/keys")).toEqual([
      {
        name: "sorter",
        scopes: ["predict"],
        requests_per_minute: 60,
        requests_per_month: null,
        expires_in_days: 90,
      },
    ]);
  });

  it("is shown once, with a button that copies it", async () => {
    const user = userEvent.setup(); // with a clipboard
    renderDashboard(fake, "/access");
    await rows();
    await user.click(screen.getByTestId("key-create"));
    await user.type(await screen.findByTestId("key-name"), "sorter");
    await user.click(screen.getByTestId("key-submit"));
    const dialog = await screen.findByTestId("new-key");
    expect(dialog).toHaveTextContent("it is not shown again");
    const key = `vf_newkey22_${"s".repeat(52)}`;
    expect(screen.getByTestId("key-text")).toHaveValue(key);
    await user.click(screen.getByTestId("key-text-copy"));
    expect(await within(dialog).findByText("Copied")).toBeVisible();
    await expect(navigator.clipboard.readText()).resolves.toBe(key);
    await user.click(screen.getByTestId("new-key-done"));
    await vi.waitFor(() => {
      expect(screen.queryByTestId("new-key")).not.toBeInTheDocument();
    });
    expect((await rows())[0]).toHaveTextContent("sorter");
    expect(document.body.innerHTML).not.toContain("s".repeat(52));
  });

  it("needs a scope, and says why it was refused", async () => {
    fake.failing = (path, method) =>
      method === "POST" && path === "/keys" ? problem(400, "invalid_parameter") : null;
    renderDashboard(fake, "/access?create=1");
    await userEvent.type(await screen.findByTestId("key-name"), "sorter");
    await userEvent.click(screen.getByTestId("key-submit"));
    expect(await screen.findByTestId("problem")).toHaveTextContent("A value is not accepted.");
    await userEvent.click(screen.getByTestId("key-scope-read"));
    await userEvent.click(screen.getByTestId("key-scope-predict"));
    expect(screen.getByTestId("key-submit")).toBeDisabled();
    expect(screen.getByText("Choose at least one scope.")).toBeVisible();
  });
});
