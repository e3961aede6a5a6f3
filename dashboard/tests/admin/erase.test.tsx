import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeApi, problem } from "../fakeApi";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.erasures = [
    { erased: 100, left: true },
    { erased: 100, left: true },
    { erased: 7, left: false },
  ];
});

const confirm = async (typed: string) => {
  await userEvent.click(await screen.findByTestId("erase-ask"));
  await userEvent.type(await screen.findByTestId("erase-typed"), typed);
};

describe("erasing an owner's data", () => {
  it("needs the owner to be typed once more, and says what backups keep", async () => {
    renderDashboard(fake, "/access?tab=erase&owner=user:9");
    await confirm("user:");
    expect(screen.getByTestId("erase-dialog")).toHaveTextContent("for up to 35 days");
    expect(screen.getByTestId("erase-confirm")).toBeDisabled();
    await userEvent.type(screen.getByTestId("erase-typed"), "9");
    expect(screen.getByTestId("erase-confirm")).toBeEnabled();
    expect(fake.count("/owners/user%3A9")).toBe(0);
  });

  it("goes on until nothing is left", async () => {
    renderDashboard(fake, "/access?tab=erase&owner=user:9");
    await confirm("user:9");
    await userEvent.click(screen.getByTestId("erase-confirm"));
    expect(await screen.findByTestId("erase-result")).toHaveTextContent("Erased: 207.");
    expect(fake.count("/owners/user%3A9")).toBe(3);
  });

  it("shows how far it is while records are left, and can be stopped", async () => {
    fake.erasures = Array.from({ length: 1000 }, () => ({ erased: 100, left: true }));
    fake.delay = 30;
    renderDashboard(fake, "/access?tab=erase&owner=user:9");
    await confirm("user:9");
    await userEvent.click(screen.getByTestId("erase-confirm"));
    expect(await screen.findByText(/Erased so far: [1-9]\d*00/)).toBeVisible();
    expect(screen.getByTestId("erase-ask")).toBeDisabled();
    await userEvent.click(screen.getByRole("button", { name: "Stop" }));
    expect(await screen.findByTestId("erase-result")).toHaveTextContent("The rest is still there.");
  });

  it("that breaks off says how far it came and why", async () => {
    fake.erasures = [{ erased: 100, left: true }];
    fake.failing = (path, method) =>
      method === "DELETE" && path.startsWith("/owners") && fake.erasures.length === 0
        ? problem(503, "platform_unavailable")
        : null;
    renderDashboard(fake, "/access?tab=erase&owner=user:9");
    await confirm("user:9");
    await userEvent.click(screen.getByTestId("erase-confirm"));
    const shown = await screen.findByTestId("problem");
    expect(shown).toHaveTextContent("The service is busy.");
    expect(shown).toHaveTextContent("at least 100");
  });
});
