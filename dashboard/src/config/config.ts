/** What the deployment tells the page: `config.json`, which lies beside `index.html`. */
export interface Config {
  /** The API's URL: absolute, without a trailing slash. */
  apiUrl: string;
  stage: string;
  /** `null` in a stage without sign-in. */
  auth: AuthConfig | null;
}

export interface AuthConfig {
  userPoolId: string;
  clientId: string;
  /** Host name of the sign-in pages, without a scheme. */
  domain: string;
  region: string;
}

export class ConfigError extends Error {
  override name = "ConfigError";
}

/**
 * Read `config.json` relative to the page, because the bucket prefix is not known at build time.
 *
 * Throws `ConfigError` for one that is missing or wrong, and anything else where the page's server
 * does not answer and the service worker has kept none.
 */
export async function loadConfig(
  pageUrl = document.baseURI,
  fetch = globalThis.fetch,
): Promise<Config> {
  const response = await fetch(new URL("config.json", pageUrl), { cache: "no-store" });
  if (response.status >= 500) throw new Error(`HTTP ${response.status}`);
  if (!response.ok) throw new ConfigError(`config.json: HTTP ${response.status}`);
  const json: unknown = await response.json().catch((cause: unknown) => {
    throw new ConfigError("config.json: no JSON", { cause });
  });
  return parseConfig(json, pageUrl);
}

/** @throws ConfigError when a field is missing, unknown or of the wrong type */
export function parseConfig(json: unknown, pageUrl: string): Config {
  const { apiUrl, stage, auth } = fields(json, "config.json", ["apiUrl", "stage", "auth"]);
  return {
    apiUrl: new URL(text(apiUrl, "apiUrl"), pageUrl).href.replace(/\/+$/, ""),
    stage: text(stage, "stage"),
    auth: auth === null ? null : parseAuth(auth),
  };
}

function parseAuth(json: unknown): AuthConfig {
  const keys = ["userPoolId", "clientId", "domain", "region"] as const;
  const { userPoolId, clientId, domain, region } = fields(json, "auth", keys);
  return {
    userPoolId: text(userPoolId, "auth.userPoolId"),
    clientId: text(clientId, "auth.clientId"),
    domain: text(domain, "auth.domain"),
    region: text(region, "auth.region"),
  };
}

function fields<Key extends string>(
  json: unknown,
  where: string,
  keys: readonly Key[],
): Record<Key, unknown> {
  if (typeof json !== "object" || json === null) throw new ConfigError(`${where}: not an object`);
  const missing = keys.filter((key) => !(key in json));
  const unknown = Object.keys(json).filter((key) => !keys.some((known) => known === key));
  if (missing.length > 0) throw new ConfigError(`${where}: missing ${missing.join(", ")}`);
  if (unknown.length > 0) throw new ConfigError(`${where}: unknown ${unknown.join(", ")}`);
  return json as Record<Key, unknown>;
}

function text(value: unknown, where: string): string {
  if (typeof value !== "string" || value === "") throw new ConfigError(`${where}: not a text`);
  return value;
}
