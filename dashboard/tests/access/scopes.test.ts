import { SCOPES } from "visionflow-client";
import { describe, expect, it } from "vitest";

import description from "../../../lambdas/api/openapi.json";
import { NEEDS } from "../../src/access/scopes";

interface Operation {
  security: { token?: string[] }[];
}

/** Each route of the API with the scope that it needs, `undefined` for an open one. */
const described = new Map(
  Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(
      ([method, { security }]): [string, string | undefined] => [
        `${method.toUpperCase()} ${path}`,
        security[0]?.token?.[0],
      ],
    ),
  ),
);

describe("the scopes that the page knows", () => {
  const known: [string, string][] = Object.entries(NEEDS);

  it("are those of the API, route by route", () => {
    expect(known).toEqual(known.map(([route]) => [route, described.get(route)]));
  });

  it("cover each route that changes something", () => {
    const changes = [...described.keys()].filter((route) => !/^(GET|HEAD) /.test(route));
    expect(changes.filter((route) => !Object.hasOwn(NEEDS, route))).toEqual([]);
  });

  it("are all that the API knows", () => {
    const needed = new Set([...described.values()].filter((scope) => scope !== undefined));
    expect([...needed].filter((scope) => !SCOPES.some((own) => own === scope))).toEqual([]);
  });
});
