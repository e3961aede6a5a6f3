import { type ReactNode, useCallback, useEffect, useState } from "react";

import type { AuthConfig } from "../config/config";
import { Splash } from "../ui/notice/Splash";
import type { CognitoSignIn } from "./cognito";
import { forgetCaller, lastCaller } from "./lastCaller";
import { type Session, SessionContext } from "./session";
import { SignInPage } from "./SignInPage";

type Gate =
  | { state: "checking" }
  | { state: "closed"; signIn: CognitoSignIn; problem: string | null; expired: boolean }
  | { state: "open"; signIn: CognitoSignIn; session: Session };

interface AuthGateProps {
  auth: AuthConfig;
  children: (onUnauthorized: () => void) => ReactNode;
}

/** Shows its children to people who are signed in, and the sign-in page to everyone else. */
export function AuthGate({ auth, children }: AuthGateProps) {
  const [gate, setGate] = useState<Gate>({ state: "checking" });

  useEffect(() => {
    let current = true;
    void openGate(auth).then(async (opened) => {
      if (current) setGate(opened);
      const ended = await openedWithoutNetwork(opened);
      if (current && ended) setGate((before) => (before === opened ? ended : before));
    });
    return () => {
      current = false;
    };
  }, [auth]);

  const onUnauthorized = useCallback(() => {
    setGate((before) => {
      if (before.state !== "open") return before;
      void before.signIn.forget();
      return { state: "closed", signIn: before.signIn, problem: null, expired: true };
    });
  }, []);

  if (gate.state === "checking") return <Splash />;
  if (gate.state === "closed") {
    return (
      <SignInPage
        problem={gate.problem}
        expired={gate.expired}
        onSignIn={() => {
          gate.signIn.start(window.location.hash).catch((cause: unknown) => {
            setGate({ ...gate, problem: reason(cause) });
          });
        }}
      />
    );
  }
  return <SessionContext value={gate.session}>{children(onUnauthorized)}</SessionContext>;
}

/** StrictMode runs effects twice, but a sign-in code can be used only once. */
const opening = new WeakMap<AuthConfig, Promise<Gate>>();

function openGate(auth: AuthConfig): Promise<Gate> {
  const gate = opening.get(auth) ?? loadGate(auth);
  opening.set(auth, gate);
  return gate;
}

async function loadGate(auth: AuthConfig): Promise<Gate> {
  const { CognitoSignIn, pageAddress } = await import("./cognito");
  const signIn = new CognitoSignIn(auth, pageAddress(window.location));
  try {
    const session = await signIn.resume(window.location, window.history);
    if (session) {
      if (lastCaller()?.subject !== session.subject) void forgetCaller();
      return { state: "open", signIn, session };
    }
    return { state: "closed", signIn, problem: null, expired: false };
  } catch (cause) {
    return { state: "closed", signIn, problem: reason(cause), expired: false };
  }
}

/**
 * The page for who was here last, where nobody can sign in because there is no network. The page
 * to sign in shows meanwhile, so that nobody with a network waits.
 */
async function openedWithoutNetwork(gate: Gate): Promise<Gate | null> {
  if (gate.state !== "closed" || gate.problem !== null) return null;
  const { signIn } = gate;
  const { subject, email } = lastCaller() ?? { subject: null, email: null };
  if (subject === null) return null;
  const { endedSession, hasNetwork } = await import("./endedSession");
  if (await hasNetwork()) return null;
  const session = endedSession({ subject, email }, () => signIn.start(window.location.hash));
  return { state: "open", signIn, session };
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
