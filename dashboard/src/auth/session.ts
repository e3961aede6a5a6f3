import { createContext, useContext } from "react";

/** Who is signed in. `null` in a stage without sign-in. */
export interface Session {
  /** As the sign-in names the person, whatever their address is. */
  readonly subject: string;
  readonly email: string | null;
  /** A valid access token, renewed when needed; `null` once the session has ended. */
  readonly token: () => Promise<string | null>;
  readonly signOut: () => Promise<void>;
  readonly secondFactor: SecondFactor;
  /**
   * Leaves the page to sign in again, where the page was opened without a network and the sign-in
   * has ended meanwhile: only what is on this device can be used. `null` for one that goes on.
   */
  readonly signInAgain: (() => Promise<void>) | null;
}

/** The authenticator app of who is signed in. Every method throws `SecondFactorError`. */
export interface SecondFactor {
  /** A new secret for the app; it counts once `confirm` has accepted one of its codes. */
  readonly associate: () => Promise<string>;
  /** From now on the app's code is asked for at sign-in. */
  readonly confirm: (code: string) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** `code`: Cognito's name of the failure, such as `CodeMismatchException`, or `NetworkError`. */
export class SecondFactorError extends Error {
  override name = "SecondFactorError";
  readonly code: string;

  constructor(code: string, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session | null {
  return useContext(SessionContext);
}
