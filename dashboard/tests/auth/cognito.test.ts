import { webcrypto } from "node:crypto";

import { beforeEach, describe, expect, it, vi } from "vitest";

import { CognitoSignIn, pageAddress } from "../../src/auth/cognito";
import { lastCaller, rememberCaller } from "../../src/auth/lastCaller";
import { json } from "../fakeApi";

const PAGE = "http://localhost:3000/";
const AUTH = {
  userPoolId: "eu-west-1_pool",
  clientId: "client",
  domain: "team.auth.eu-west-1.amazoncognito.com",
  region: "eu-west-1",
};

/** An unsigned token with Cognito's claims: what the page reads, the API verifies. */
function idToken(): string {
  const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const issuer = `https://cognito-idp.eu-west-1.amazonaws.com/${AUTH.userPoolId}`;
  const claims = {
    iss: issuer,
    aud: "client",
    sub: "1",
    email: "a@team.test",
    exp: now + 3600,
    iat: now,
  };
  return `${part({ alg: "RS256" })}.${part(claims)}.`;
}

/** A token endpoint that gives out these access tokens, each good for an hour. */
function answering(...accessTokens: string[]): typeof fetch {
  return () => {
    const body = {
      access_token: accessTokens.shift(),
      id_token: idToken(),
      refresh_token: "refresh",
      expires_in: 3600,
      token_type: "Bearer",
    };
    return Promise.resolve(json(body));
  };
}

/** A browser's address and its history, as far as signing in touches them. */
function browserAt(href: string) {
  const history = { replaceState: vi.fn<History["replaceState"]>() };
  return [new URL(href) as unknown as Location, history as unknown as History, history] as const;
}

const assign = vi.fn<(url: string) => void>();

beforeEach(() => {
  assign.mockReset();
  vi.stubGlobal("crypto", webcrypto); // jsdom's has no subtle
  vi.stubGlobal("self", { location: { assign } });
});

/** Start at `#/history` and come back with Cognito's code. */
async function signInAndReturn(tokenEndpoint: typeof fetch) {
  vi.stubGlobal("fetch", tokenEndpoint);
  const signIn = new CognitoSignIn(AUTH, PAGE);
  void signIn.start("#/history"); // never resolves: the page is left
  await vi.waitFor(() => {
    expect(assign).toHaveBeenCalled();
  });
  const authorize = new URL(assign.mock.lastCall?.[0] ?? "");
  const state = authorize.searchParams.get("state") ?? "";
  const [location, history, spy] = browserAt(`${PAGE}?code=the-code&state=${state}`);
  const session = await new CognitoSignIn(AUTH, PAGE).resume(location, history);
  return { authorize, session, replaceState: spy.replaceState };
}

describe("signing in", () => {
  it("asks Cognito for a code, with a PKCE challenge", async () => {
    const { authorize } = await signInAndReturn(answering("access"));
    expect(authorize.origin + authorize.pathname).toBe(`https://${AUTH.domain}/oauth2/authorize`);
    expect(Object.fromEntries(authorize.searchParams)).toMatchObject({
      client_id: "client",
      redirect_uri: PAGE,
      response_type: "code",
      code_challenge_method: "S256",
      code_challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
    });
  });

  it("trades the code and the verifier for tokens, and cleans the address", async () => {
    const tokenEndpoint = vi.fn(answering("access"));
    const { session, replaceState } = await signInAndReturn(tokenEndpoint);
    const [url, request] = tokenEndpoint.mock.lastCall ?? [];
    const form = (request?.body as URLSearchParams).toString();
    expect(url).toBe(`https://${AUTH.domain}/oauth2/token`);
    expect(form).toMatch(/grant_type=authorization_code.*code=the-code/);
    expect(form).toMatch(/code_verifier=[\w-]{43,}/);
    expect(session?.email).toBe("a@team.test");
    await expect(session?.token()).resolves.toBe("access");
    expect(replaceState.mock.calls.map(([, , address]) => address)).toEqual([
      PAGE,
      `${PAGE}#/history`,
    ]);
  });

  it("keeps tokens in the tab only", async () => {
    await signInAndReturn(answering("access"));
    expect(Object.values(sessionStorage).join()).toContain("access");
    expect(localStorage).toHaveLength(0);
  });

  it("renews an expired token once for all who ask", async () => {
    const tokenEndpoint = vi.fn(answering("old", "new"));
    const { session } = await signInAndReturn(tokenEndpoint);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_590_000 });
    const asked = await Promise.all([session?.token(), session?.token(), session?.token()]);
    expect(asked).toEqual(["new", "new", "new"]);
    expect(tokenEndpoint).toHaveBeenCalledTimes(2);
  });

  it("finds nobody in a fresh tab", async () => {
    const [location, history] = browserAt(PAGE);
    await expect(new CognitoSignIn(AUTH, PAGE).resume(location, history)).resolves.toBeNull();
  });

  it("refuses an answer that it did not ask for", async () => {
    const [location, history] = browserAt(`${PAGE}?code=stolen&state=unknown`);
    await expect(new CognitoSignIn(AUTH, PAGE).resume(location, history)).rejects.toThrow(/state/);
  });
});

describe("signing out", () => {
  const revoked = (tokenEndpoint: ReturnType<typeof vi.fn<typeof fetch>>) =>
    tokenEndpoint.mock.calls.filter(([url]) => url === `https://${AUTH.domain}/oauth2/revoke`);

  async function signOut(tokenEndpoint: ReturnType<typeof vi.fn<typeof fetch>>) {
    const { session } = await signInAndReturn(tokenEndpoint);
    sessionStorage.setItem("oidc.begun-and-left", "{}");
    const leave = vi.fn();
    vi.stubGlobal("window", { location: { assign: leave } });
    await session?.signOut();
    return leave;
  }

  it("revokes the refresh token, and leaves nothing in the tab", async () => {
    const tokenEndpoint = vi.fn(answering("access"));
    rememberCaller({ subject: "1", email: null, me: { id: "user:1", name: "a" } });
    const forgotten = vi.fn(() => Promise.resolve(true));
    vi.stubGlobal("caches", { delete: forgotten });
    const leave = await signOut(tokenEndpoint);
    expect(lastCaller()).toBeNull(); // the page opens for nobody without a network
    expect(forgotten).toHaveBeenCalledWith("visionflow.models");
    const [, request] = revoked(tokenEndpoint)[0] ?? [];
    expect(request?.method).toBe("POST");
    const form = Object.fromEntries(request?.body as URLSearchParams);
    expect(form).toMatchObject({ client_id: "client", token: "refresh" });
    expect(sessionStorage).toHaveLength(0);
    const [address] = leave.mock.lastCall as [URL];
    expect(address.href).toContain(`https://${AUTH.domain}/logout?client_id=client`);
  });

  it("goes on where the token cannot be revoked any more", async () => {
    const tokens = answering("access");
    const tokenEndpoint = vi.fn<typeof fetch>((url, init) =>
      url === `https://${AUTH.domain}/oauth2/revoke`
        ? Promise.resolve(json({ error: "invalid_request" }, 400))
        : tokens(url, init),
    );
    const leave = await signOut(tokenEndpoint);
    expect(revoked(tokenEndpoint)).toHaveLength(1);
    expect(sessionStorage).toHaveLength(0);
    expect(leave).toHaveBeenCalledOnce();
  });
});

describe("pageAddress", () => {
  it("is the same for the page's two names", () => {
    expect(
      pageAddress(new URL("https://site.test/index.html#/history") as unknown as Location),
    ).toBe("https://site.test/");
    expect(pageAddress(new URL("https://site.test/?code=1") as unknown as Location)).toBe(
      "https://site.test/",
    );
  });
});
