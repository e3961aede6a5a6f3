import { ErrorTimeout, type User, UserManager, WebStorageStateStore } from "oidc-client-ts";

import type { AuthConfig } from "../config/config";
import { forgetCaller } from "./lastCaller";
import { secondFactor } from "./secondFactor";
import type { Session } from "./session";

/** Renew this early, so that no token expires on its way to the API. */
const RENEW_BEFORE_S = 30;

/**
 * Sign-in with Cognito's hosted pages: authorization code with PKCE (RFC 7636).
 * Tokens live in sessionStorage: they survive a reload and end with the tab.
 */
export class CognitoSignIn {
  readonly #manager: UserManager;
  readonly #config: AuthConfig;
  readonly #pageUrl: string;
  readonly #storage: Storage;

  constructor(config: AuthConfig, pageUrl: string, storage: Storage = sessionStorage) {
    const store = new WebStorageStateStore({ store: storage });
    const issuer = `https://cognito-idp.${config.region}.amazonaws.com/${config.userPoolId}`;
    this.#config = config;
    this.#pageUrl = pageUrl;
    this.#storage = storage;
    this.#manager = new UserManager({
      authority: issuer,
      // Fixed instead of discovered: one request and one allowed host fewer.
      metadata: {
        issuer,
        authorization_endpoint: `https://${config.domain}/oauth2/authorize`,
        token_endpoint: `https://${config.domain}/oauth2/token`,
        revocation_endpoint: `https://${config.domain}/oauth2/revoke`,
      },
      client_id: config.clientId,
      redirect_uri: pageUrl,
      response_type: "code",
      // The last one is for the second factor, and for the API to ask whether a token still counts.
      scope: "openid email aws.cognito.signin.user.admin",
      userStore: store,
      stateStore: store,
      automaticSilentRenew: false, // renewed when a token is needed
      monitorSession: false,
    });
  }

  /** The session of this tab, or `null`. Finishes a sign-in that Cognito just sent back. */
  async resume(location: Location, history: History): Promise<Session | null> {
    const query = new URLSearchParams(location.search);
    if (query.has("state") && (query.has("code") || query.has("error"))) {
      const returned = location.href;
      history.replaceState(null, "", this.#pageUrl + location.hash);
      const user = await this.#manager.signinCallback(returned);
      if (user && typeof user.state === "string") {
        history.replaceState(null, "", this.#pageUrl + user.state);
      }
    }
    const user = await this.#validUser().catch(async (cause: unknown) => {
      // Without a network nobody is signed out: the page opens, and says that it is offline.
      if (isOfNetwork(cause)) return this.#manager.getUser();
      throw cause;
    });
    return user ? this.#session(user) : null;
  }

  /** Leaves the page for Cognito's; `hash` is the page to come back to. */
  async start(hash: string): Promise<void> {
    await this.#manager.signinRedirect({ state: hash });
  }

  /** Leaves nothing of this sign-in, or of one that was begun, in the tab. */
  async forget(): Promise<void> {
    await this.#manager.removeUser();
    for (const key of Object.keys(this.#storage)) {
      if (key.startsWith("oidc.")) this.#storage.removeItem(key);
    }
  }

  #session(user: User): Session {
    const token = async () => (await this.#validUser())?.access_token ?? null;
    return {
      subject: user.profile.sub,
      email: user.profile.email ?? null,
      token,
      secondFactor: secondFactor(this.#config.region, token),
      signInAgain: null,
      signOut: async () => {
        await forgetCaller();
        // Without it the refresh token would stay good for its whole life. Signing out goes on
        // where it fails, as it does for a token that is revoked already.
        await this.#manager.revokeTokens(["refresh_token"]).catch(() => undefined);
        await this.forget();
        // Cognito's own form of logout: https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html
        const logout = new URL(`https://${this.#config.domain}/logout`);
        logout.searchParams.set("client_id", this.#config.clientId);
        logout.searchParams.set("logout_uri", this.#pageUrl);
        window.location.assign(logout);
      },
    };
  }

  #renewal: Promise<User | null> | null = null;

  /** Requests that find the token expired at the same time share one renewal. */
  async #validUser(): Promise<User | null> {
    const user = await this.#manager.getUser();
    if (user === null || (user.expires_in ?? 0) > RENEW_BEFORE_S) return user;
    if (!user.refresh_token) return user.expired ? null : user;
    this.#renewal ??= this.#manager.signinSilent().finally(() => (this.#renewal = null));
    return this.#renewal.catch((cause: unknown) => {
      if (isOfNetwork(cause)) throw cause;
      return null;
    });
  }
}

/** Whether Cognito was not reached, which says nothing about the sign-in. */
function isOfNetwork(cause: unknown): boolean {
  return cause instanceof TypeError || cause instanceof ErrorTimeout;
}

/** Where Cognito sends people back to: the page without query, hash and file name. */
export function pageAddress(location: Location): string {
  return location.origin + location.pathname.replace(/index\.html$/, "");
}
