import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { type SecondFactor, SecondFactorError, type Session } from "../../src/auth/session";
import { me, quotas, viewer } from "../callers";
import { FakeApi } from "../fakeApi";
import { renderDashboard } from "../render";

let fake: FakeApi;
let factor: { [Name in keyof SecondFactor]: ReturnType<typeof vi.fn<SecondFactor[Name]>> };
let session: Session;
beforeEach(() => {
  fake = new FakeApi();
  factor = {
    associate: vi.fn(() => Promise.resolve("JBSWY3DPEHPK3PXP")),
    confirm: vi.fn(() => Promise.resolve()),
    remove: vi.fn(() => Promise.resolve()),
  };
  session = {
    subject: "1",
    signInAgain: null,
    email: "ann@team.test",
    token: () => Promise.resolve("access"),
    signOut: vi.fn(() => Promise.resolve()),
    secondFactor: factor,
  };
});

const open = (language: "en" | "ko" = "en") => renderDashboard(fake, "/account", language, session);
const admin = () => viewer({ roles: ["model-admin"], waiting_roles: ["model-admin"] });

describe("the account", () => {
  it("says who the caller is, and what the roles allow", async () => {
    fake.me = viewer({ roles: ["labeller"], scopes: ["predict", "label"] });
    open();
    const who = await screen.findByTestId("who");
    expect(who).toHaveTextContent(/ann@team.test.*user:1.*Labeller/);
    expect(who).toHaveTextContent("classify images predict");
    expect(who).not.toHaveTextContent("jobs");
  });

  it("marks a role that waits", async () => {
    fake.me = admin();
    open("ko");
    expect(await screen.findByTestId("who")).toHaveTextContent("모델 관리자 · 2단계 인증 필요");
  });

  it("shows what is left of each quota in its unit", async () => {
    fake.me = viewer({ quotas: quotas() });
    open();
    const shown = within(await screen.findByTestId("quotas"));
    expect(shown.getByRole("meter", { name: "Requests, per minute" })).toHaveTextContent(
      "100 left of 120",
    );
    expect(shown.getByRole("meter", { name: "Data sent, per month" })).toHaveTextContent(
      "500 MB left of 10 GB",
    );
    expect(shown.getByRole("meter", { name: "Budgets of jobs, per month" })).toHaveTextContent(
      "$37.50 left of $50.00",
    );
    expect(shown.getByText("Of the whole deployment")).toBeVisible();
  });

  it("has no second factor where nobody signs in", async () => {
    fake.me = me();
    renderDashboard(fake, "/account");
    await screen.findByTestId("who");
    expect(screen.queryByTestId("second-factor")).not.toBeInTheDocument();
  });
});

describe("the second factor", () => {
  const enrol = async (code: string) => {
    await userEvent.click(await screen.findByTestId("enrol"));
    await userEvent.type(await screen.findByTestId("factor-code"), code);
    await userEvent.click(screen.getByTestId("factor-confirm"));
  };

  it("is set up with a QR code, the secret in words, and a first code", async () => {
    fake.me = admin();
    open();
    await userEvent.click(await screen.findByTestId("enrol"));
    expect(await screen.findByTestId("factor-secret")).toHaveValue("JBSWY3DPEHPK3PXP");
    const code = screen.getByRole("img", { name: "QR code for the authenticator app" });
    expect(code.outerHTML).not.toContain("style=");
    expect(code.querySelectorAll("path").length).toBeGreaterThan(1);
    fake.me = viewer({ roles: ["model-admin"], second_factor: true });
    await userEvent.type(screen.getByTestId("factor-code"), "123456");
    await userEvent.click(screen.getByTestId("factor-confirm"));
    expect(await screen.findByTestId("factor-enrolled")).toBeVisible();
    expect(factor.confirm.mock.lastCall?.[0]).toBe("123456");
    expect(screen.getByTestId("factor-state")).toHaveTextContent("set up");
    await vi.waitFor(() => {
      expect(screen.queryByTestId("factor-waits")).not.toBeInTheDocument();
    });
  });

  it.each([
    ["CodeMismatchException", "The code is wrong."],
    ["NotAuthorizedException", "Sign out, sign in and try again."],
    ["NetworkError", "The sign-in service can’t be reached."],
    ["AnExceptionOfNextYear", "The sign-in service refused: no"],
  ])("that is refused with %s says why", async (code, sentence) => {
    fake.me = viewer();
    factor.confirm.mockRejectedValue(new SecondFactorError(code, "no"));
    open();
    await enrol("123456");
    expect(await screen.findByTestId("factor-problem")).toHaveTextContent(sentence);
    expect(screen.queryByTestId("factor-enrolled")).not.toBeInTheDocument();
  });

  it("is removed after a question", async () => {
    fake.me = viewer({ second_factor: true });
    open();
    await userEvent.click(await screen.findByTestId("factor-remove"));
    expect(factor.remove).not.toHaveBeenCalled();
    await userEvent.click(await screen.findByTestId("remove-factor-confirm"));
    await vi.waitFor(() => {
      expect(factor.remove).toHaveBeenCalledOnce();
    });
  });

  it("of an admin is not offered to be removed", async () => {
    fake.me = viewer({ roles: ["model-admin"], second_factor: true });
    open();
    expect(await screen.findByText(/Admins cannot remove their second factor/)).toBeVisible();
    expect(screen.queryByTestId("factor-remove")).not.toBeInTheDocument();
  });
});

it("has a way to sign out of its own, for screens whose header has no room", async () => {
  open();
  await userEvent.click(await screen.findByTestId("account-sign-out"));
  expect(session.signOut).toHaveBeenCalledOnce();
});
