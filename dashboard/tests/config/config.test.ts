import { describe, expect, it, vi } from "vitest";

import { ConfigError, loadConfig, parseConfig } from "../../src/config/config";
import { json } from "../fakeApi";

const PAGE = "https://cloud.test/bucket/index.html";

describe("config.json", () => {
  it("is fetched beside the page, wherever that lies", async () => {
    const fetch = vi.fn(() =>
      Promise.resolve(json({ apiUrl: "https://api.test/v1/", stage: "dev", auth: null })),
    );
    await expect(loadConfig(PAGE, fetch)).resolves.toEqual({
      apiUrl: "https://api.test/v1",
      stage: "dev",
      auth: null,
    });
    expect(fetch).toHaveBeenCalledWith(new URL("https://cloud.test/bucket/config.json"), {
      cache: "no-store",
    });
  });

  it("may name the API relative to the page", () => {
    const { apiUrl } = parseConfig({ apiUrl: "/api", stage: "local", auth: null }, PAGE);
    expect(apiUrl).toBe("https://cloud.test/api");
  });

  it.each([
    ["a missing field", { apiUrl: "/api", stage: "local" }, /missing auth/],
    ["an unknown field", { apiUrl: "/api", stage: "local", auth: null, x: 1 }, /unknown x/],
    ["an empty address", { apiUrl: "", stage: "local", auth: null }, /apiUrl/],
    [
      "half a sign-in",
      { apiUrl: "/api", stage: "dev", auth: { domain: "d" } },
      /missing userPoolId/,
    ],
    ["no object", "hello", /not an object/],
  ])("is refused with %s", (_, config, message) => {
    expect(() => parseConfig(config, PAGE)).toThrow(ConfigError);
    expect(() => parseConfig(config, PAGE)).toThrow(message);
  });

  it("of a server that does not answer is not called wrong", async () => {
    const gone = vi.fn(() => Promise.reject(new TypeError("Failed to fetch")));
    await expect(loadConfig(PAGE, gone)).rejects.not.toThrow(ConfigError);
    const busy = vi.fn(() => Promise.resolve(new Response("", { status: 503 })));
    await expect(loadConfig(PAGE, busy)).rejects.not.toThrow(ConfigError);
    const text = vi.fn(() => Promise.resolve(new Response("<html>")));
    await expect(loadConfig(PAGE, text)).rejects.toThrow(ConfigError);
  });

  it("that is absent says so", async () => {
    const fetch = vi.fn(() => Promise.resolve(new Response("", { status: 404 })));
    await expect(loadConfig(PAGE, fetch)).rejects.toThrow("config.json: HTTP 404");
  });
});
