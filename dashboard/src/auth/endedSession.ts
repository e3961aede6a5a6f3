import { ApiError } from "visionflow-client";

import { forgetCaller } from "./lastCaller";
import { type Session, SecondFactorError } from "./session";

const PROBE_MS = 5_000;

/**
 * The session of who was here last, without a right to anything of the cloud: the page opens, and
 * what is on this device can be used.
 */
export function endedSession(
  { subject, email }: Pick<Session, "subject" | "email">,
  signIn: () => Promise<void>,
): Session {
  const refused = () => Promise.reject(new SecondFactorError("NetworkError", "not signed in"));
  return {
    subject,
    email,
    token: () =>
      // Without a network nothing is refused: it waits.
      Promise.reject(
        new ApiError("unauthorized", "The sign-in has ended.", {
          status: navigator.onLine ? 401 : null,
        }),
      ),
    secondFactor: { associate: refused, confirm: refused, remove: refused },
    signInAgain: signIn,
    signOut: async () => {
      await forgetCaller();
      window.location.reload();
    },
  };
}

/** Whether the page's own server answers, past everything that the browser keeps. */
export async function hasNetwork(fetch = globalThis.fetch): Promise<boolean> {
  if (!navigator.onLine) return false;
  // The service worker answers for `GET` alone.
  const address = new URL("index.html", document.baseURI);
  const init = {
    method: "HEAD",
    cache: "no-store",
    signal: AbortSignal.timeout(PROBE_MS),
  } as const;
  return fetch(address, init).then(
    () => true,
    () => false,
  );
}
