import { act, render, screen } from "@testing-library/react";
import { I18nextProvider } from "react-i18next";
import { describe, expect, it } from "vitest";

import { AuthGate } from "../../src/auth/AuthGate";
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
