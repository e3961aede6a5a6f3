import "fake-indexeddb/auto";

import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { rememberCaller } from "../../src/auth/lastCaller";
import type { Session } from "../../src/auth/session";
import { viewer } from "../callers";
import { FakeApi, problem } from "../fakeApi";
import { emptyDevice, newRecord, openOutbox } from "../outbox/outboxes";
import { renderDashboard } from "../render";

/** Another person in each test: outboxes of the tests before go on for theirs. */
let people = 0;
let ann: { id: string; name: string };

let fake: FakeApi;
let signInAgain: () => Promise<void>;
beforeEach(() => {
  emptyDevice();
  people += 1;
  ann = { id: `user:${people}`, name: "ann@team.test" };
  fake = new FakeApi();
  fake.me = viewer(ann);
  signInAgain = vi.fn(() => Promise.resolve());
});

/** What `caller` has made on this device while there was no network. */
async function made(count: number, caller = ann): Promise<void> {
  const offline = openOutbox(
    { url: fake.url, fetch: () => Promise.reject(new TypeError("Failed to fetch")) },
    caller,
  );
  for (let n = 0; n < count; n += 1) await offline.add(newRecord(n));
  await offline.close();
}

const session = (changes: Partial<Session> = {}): Session => ({
  subject: "1",
  email: "ann@team.test",
  token: () => Promise.resolve("access"),
  signOut: () => Promise.resolve(),
  secondFactor: {} as Session["secondFactor"],
  signInAgain: null,
  ...changes,
});

describe("records that wait on this device", () => {
  it("are sent from any page, once", async () => {
    await made(3);
    renderDashboard(fake, "/history", "en", session());
    await vi.waitFor(
      () => {
        expect(fake.records).toHaveLength(3);
      },
      { timeout: 10_000 },
    );
    expect([...fake.devices.came.values()]).toEqual([1, 1, 1]);
    expect(screen.queryByTestId("outbox-banner")).not.toBeInTheDocument();
  });

  it.each([
    ["en", "Records that wait to be sent: 2", "On the device"],
    ["ko", "전송 대기 중인 기록: 2건", "기기에서 분류"],
  ] as const)("are told of without a network (%s)", async (language, waiting, link) => {
    await made(2);
    rememberCaller({ subject: "1", email: ann.name, me: ann });
    fake.down = true;
    renderDashboard(fake, "/history", language, session());
    const banner = await screen.findByTestId("not-reached");
    expect(within(banner).getByTestId("outbox-waiting")).toHaveTextContent(waiting);
    expect(within(banner).getByRole("link", { name: link })).toHaveAttribute("href", "#/device");
  });

  it("say why they are not sent, and go on when a person says so", async () => {
    await made(1);
    fake.failing = (path) => (path === "/predictions" ? problem(429, "quota_exceeded") : null);
    renderDashboard(fake, "/history", "en", session());
    const banner = await screen.findByTestId("outbox-banner");
    expect(banner).toHaveTextContent(/Records that wait to be sent: 1.*quota/);
    fake.failing = null;
    await userEvent.click(within(banner).getByTestId("outbox-send"));
    await vi.waitFor(() => {
      expect(screen.queryByTestId("outbox-banner")).not.toBeInTheDocument();
    });
    expect(fake.records).toHaveLength(1);
  });

  it("are neither told nor sent for somebody else", async () => {
    await made(2, { id: "user:bob", name: "bob@team.test" });
    rememberCaller({ subject: "2", email: "bob@team.test", me: { id: "user:bob", name: "bob" } });
    fake.down = true;
    renderDashboard(fake, "/history", "en", session());
    await screen.findByTestId("not-reached");
    expect(screen.queryByTestId("outbox-waiting")).not.toBeInTheDocument();
  });

  it("are the caller's as soon as it is known who that is", async () => {
    await made(1);
    fake.failing = (path) => (path === "/me" ? Promise.reject(new TypeError("lost")) : null);
    renderDashboard(fake, "/history", "en", session());
    await screen.findByTestId("history-empty");
    expect(fake.records).toEqual([]);
    fake.failing = null;
    await vi.waitFor(
      () => {
        expect(fake.records).toHaveLength(1);
      },
      { timeout: 18_000 },
    );
  });

  it("load nothing where there are none", async () => {
    const open = vi.spyOn(indexedDB, "open");
    renderDashboard(fake, "/history", "en", session());
    await screen.findByTestId("history-empty");
    await new Promise((resolve) => setTimeout(resolve, 1_200)); // past the first paint
    expect(open).not.toHaveBeenCalled();
  });
});

describe("a page that was opened without a network", () => {
  it("offers to sign in once there is one", async () => {
    await made(1);
    rememberCaller({ subject: "1", email: ann.name, me: ann });
    fake.down = true;
    renderDashboard(fake, "/history", "en", session({ signInAgain }));
    const banner = await screen.findByTestId("signed-out");
    expect(within(banner).getByTestId("outbox-waiting")).toHaveTextContent(": 1");
    await userEvent.click(within(banner).getByTestId("sign-in-again"));
    expect(signInAgain).toHaveBeenCalled();
  });
});
