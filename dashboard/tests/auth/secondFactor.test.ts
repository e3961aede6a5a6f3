import { describe, expect, it, vi } from "vitest";

import { secondFactor } from "../../src/auth/secondFactor";
import { json } from "../fakeApi";

const REGION = "eu-west-1";

/** A user pool that answers each action with what is given here. */
function pool(answers: Record<string, Response>) {
  const fetch = vi.fn<typeof globalThis.fetch>((_, init) => {
    const action = new Headers(init?.headers).get("X-Amz-Target")?.split(".")[1] ?? "";
    return Promise.resolve(answers[action] ?? json({ __type: "UnknownOperation" }, 400));
  });
  const calls = () =>
    fetch.mock.calls.map(([url, init]) => ({
      url,
      target: new Headers(init?.headers).get("X-Amz-Target"),
      body: JSON.parse(init?.body as string) as unknown,
    }));
  return { factor: secondFactor(REGION, () => Promise.resolve("access"), fetch), calls };
}

describe("the user pool", () => {
  it("is asked for a secret with the person's own token", async () => {
    const { factor, calls } = pool({ AssociateSoftwareToken: json({ SecretCode: "JBSW" }) });
    await expect(factor.associate()).resolves.toBe("JBSW");
    expect(calls()).toEqual([
      {
        url: "https://cognito-idp.eu-west-1.amazonaws.com/",
        target: "AWSCognitoIdentityProviderService.AssociateSoftwareToken",
        body: { AccessToken: "access" },
      },
    ]);
  });

  it("asks for the app at sign-in only once it has accepted a code", async () => {
    const { factor, calls } = pool({
      VerifySoftwareToken: json({ Status: "SUCCESS" }),
      SetUserMFAPreference: json({}),
    });
    await factor.confirm("123456");
    expect(calls().map(({ body }) => body)).toEqual([
      { AccessToken: "access", UserCode: "123456" },
      {
        AccessToken: "access",
        SoftwareTokenMfaSettings: { Enabled: true, PreferredMfa: true },
      },
    ]);
    const refused = pool({ VerifySoftwareToken: json({ Status: "ERROR" }) });
    await expect(refused.factor.confirm("1")).rejects.toMatchObject({
      code: "CodeMismatchException",
    });
    expect(refused.calls()).toHaveLength(1);
  });

  it("takes the app away", async () => {
    const { factor, calls } = pool({ SetUserMFAPreference: json({}) });
    await factor.remove();
    expect(calls()[0]?.body).toMatchObject({ SoftwareTokenMfaSettings: { Enabled: false } });
  });

  it.each([
    ["CodeMismatchException", "CodeMismatchException"],
    ["com.amazonaws.cognito#NotAuthorizedException", "NotAuthorizedException"],
  ])("refuses with %s", async (type, code) => {
    const { factor } = pool({
      AssociateSoftwareToken: json({ __type: type, message: "No." }, 400),
    });
    await expect(factor.associate()).rejects.toMatchObject({ code, message: "No." });
  });

  it("may not be there", async () => {
    const factor = secondFactor(
      REGION,
      () => Promise.resolve("access"),
      () => Promise.reject(new TypeError("Failed to fetch")),
    );
    await expect(factor.associate()).rejects.toMatchObject({ code: "NetworkError" });
  });
});
