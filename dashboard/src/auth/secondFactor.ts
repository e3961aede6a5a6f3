import { type SecondFactor, SecondFactorError } from "./session";

/**
 * The requests that set up an authenticator app, sent to the user pool with the person's own
 * access token: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html
 */
export function secondFactor(
  region: string,
  token: () => Promise<string | null>,
  fetch: typeof globalThis.fetch = globalThis.fetch.bind(globalThis),
): SecondFactor {
  const call = async (action: string, fields: object = {}): Promise<Record<string, unknown>> => {
    const body = JSON.stringify({ AccessToken: await token(), ...fields });
    const headers = {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}`,
    };
    const url = `https://cognito-idp.${region}.amazonaws.com/`;
    const response = await fetch(url, { method: "POST", headers, body }).catch((cause: unknown) => {
      throw new SecondFactorError("NetworkError", "no answer", { cause });
    });
    const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    if (response.ok) return answer;
    // "com.amazonaws...#CodeMismatchException", or the name alone
    const code = text(answer.__type).split("#").at(-1) ?? "";
    throw new SecondFactorError(code, text(answer.message) || `HTTP ${response.status}`);
  };
  const prefer = (isOn: boolean) =>
    call("SetUserMFAPreference", {
      SoftwareTokenMfaSettings: { Enabled: isOn, PreferredMfa: isOn },
    });
  return {
    associate: async () => text((await call("AssociateSoftwareToken")).SecretCode),
    confirm: async (code) => {
      const { Status } = await call("VerifySoftwareToken", { UserCode: code });
      if (Status !== "SUCCESS") throw new SecondFactorError("CodeMismatchException", text(Status));
      await prefer(true);
    },
    remove: async () => {
      await prefer(false);
    },
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
