import { createContext, useContext } from "react";

/** Who is signed in. `null` in a stage without sign-in. */
export interface Session {
  readonly email: string | null;
  /** A valid access token, renewed when needed; `null` once the session has ended. */
  readonly token: () => Promise<string | null>;
  readonly signOut: () => Promise<void>;
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session | null {
  return useContext(SessionContext);
}
