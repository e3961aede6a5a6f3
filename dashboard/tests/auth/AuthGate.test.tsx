import { act, render, screen } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { describe, expect, it, vi } from "vitest";

import { AuthGate } from "../../src/auth/AuthGate";
import { lastCaller, rememberCaller } from "../../src/auth/lastCaller";
import { useSession } from "../../src/auth/session";
import { speaking } from "../speaking";

const AUTH = {
  userPoolId: "eu-west-1_pool",
  clientId: "client",
  domain: "team.auth.eu-west-1.amazoncognito.com",
  region: "eu-west-1",
};

/** A tab that has signed in before, as oidc-client-ts remembers it. */
function rememberUser() {
  const issuer = `https://cognito-idp.${AUTH.region}.amazonaws.com/${AUTH.userPoolId}`;
  const user = {
    access_token: "access",
    token_type: "Bearer",
    profile: { iss: issuer, aud: AUTH.clientId, sub: "1", email: "a@team.test" },
    expires_at: Math.floor(Date.now() / 1000) + 3600,
  };
  sessionStorage.setItem(`oidc.user:${issuer}:${AUTH.clientId}`, JSON.stringify(user));
}

let refuseToken: () => void;

function Inside() {
  return <p>Signed in as {useSession()?.email}</p>;
}

function renderGate() {
  const auth = { ...AUTH }; // the gate opens once per config
  return render(
    <I18nextProvider i18n={speaking("en")}>
      <AuthGate auth={auth}>
        {(onUnauthorized) => {
          refuseToken = onUnauthorized;
          return <Inside />;
        }}
      </AuthGate>
    </I18nextProvider>,
  );
}

describe("the gate", () => {
  it("asks a stranger to sign in", async () => {
    renderGate();
    expect(await screen.findByRole("button", { name: "Sign in" })).toBeVisible();
    expect(screen.queryByText(/Signed in as/)).not.toBeInTheDocument();
  });

  it("lets in who signed in before in this tab", async () => {
    rememberUser();
    renderGate();
    expect(await screen.findByText("Signed in as a@team.test")).toBeVisible();
  });

  it("closes when the API refuses the token, and forgets it", async () => {
    rememberUser();
    renderGate();
    await screen.findByText(/Signed in as/);
    act(() => {
      refuseToken();
    });
    expect(await screen.findByText("Your session has ended. Please sign in again.")).toBeVisible();
    expect(JSON.stringify(Object.values(sessionStorage))).not.toContain("access");
  });
});

describe("without a network", () => {
  const ANN = { subject: "1", email: "a@team.test", me: { id: "user:1", name: "a@team.test" } };
  const answering = () => vi.fn(() => Promise.resolve(new Response()));
  const silent = () => vi.fn(() => Promise.reject(new TypeError("Failed to fetch")));

  it("the page opens for who was here last, though the sign-in has ended", async () => {
    rememberCaller(ANN);
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    renderGate();
    expect(await screen.findByText("Signed in as a@team.test")).toBeVisible();
  });

  it("that the browser believes to have, it opens too", async () => {
    rememberCaller(ANN);
    vi.stubGlobal("fetch", silent());
    renderGate();
    expect(await screen.findByText("Signed in as a@team.test")).toBeVisible();
  });

  it("it opens for nobody who was never here, or has signed out", async () => {
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    renderGate();
    expect(await screen.findByRole("button", { name: "Sign in" })).toBeVisible();
    expect(screen.queryByText(/Signed in as/)).not.toBeInTheDocument();
  });

  it("is not assumed: with one, a person signs in", async () => {
    rememberCaller(ANN);
    const fetch = answering();
    vi.stubGlobal("fetch", fetch);
    renderGate();
    expect(await screen.findByRole("button", { name: "Sign in" })).toBeVisible();
    await vi.waitFor(() => {
      expect(fetch).toHaveBeenCalled();
    });
    expect(screen.getByRole("button", { name: "Sign in" })).toBeVisible();
  });

  it("nobody is taken for the person who signed in before them", async () => {
    rememberCaller({ ...ANN, subject: "2", me: { id: "user:2", name: "bob@team.test" } });
    rememberUser();
    const forgotten = vi.fn(() => Promise.resolve(true));
    vi.stubGlobal("caches", { delete: forgotten });
    renderGate();
    await screen.findByText(/Signed in as/);
    expect(lastCaller()).toBeNull();
    await vi.waitFor(() => {
      expect(forgotten).toHaveBeenCalledWith("visionflow.models");
    });
  });

  it("who comes again finds the models that they kept", async () => {
    rememberCaller(ANN);
    rememberUser();
    const forgotten = vi.fn(() => Promise.resolve(true));
    vi.stubGlobal("caches", { delete: forgotten });
    renderGate();
    await screen.findByText(/Signed in as/);
    expect(forgotten).not.toHaveBeenCalled();
  });
});
