import {
  type AnswerOf,
  type Client,
  createClient,
  type ListPath,
  type Operation,
} from "visionflow-client";
import { afterEach, beforeEach, expect, expectTypeOf, it } from "vitest";

import description from "../../../../lambdas/api/openapi.json";
import { type Server, startServer } from "./server";

let server: Server;
let client: Client;
beforeEach(async () => {
  server = await startServer(() => ({ status: 200, body: { items: [], next_cursor: null } }));
  client = createClient({ url: server.url, key: "vf_test_key", retries: 0 });
});
afterEach(() => server.close());

const OPERATIONS = Object.entries(description.paths).flatMap(([path, operations]) =>
  Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}` as Operation),
);

it.each(OPERATIONS)("calls %s as the description says", async (operation) => {
  const [method = "", path = ""] = operation.split(" ");
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const given = Object.fromEntries(names.map((name) => [name, `a ${name}`]));
  const { call } = client as unknown as { call: (name: Operation, init: object) => Promise<void> };
  await call(operation, {
    params: { path: given, query: { limit: 7 } },
    ...(method === "POST" && { body: { sent: true } }),
  });
  const wanted = names.reduce((text, name) => text.replace(`{${name}}`, `a%20${name}`), path);
  expect(server.requests).toMatchObject([
    {
      method,
      url: `${wanted}?limit=7`,
      authorization: "Bearer vf_test_key",
      body: method === "POST" ? '{"sent":true}' : "",
    },
  ]);
});

it("types operations by the description", () => {
  type Described = {
    [Path in keyof typeof description.paths]: `${Uppercase<
      keyof (typeof description.paths)[Path] & string
    >} ${Path}`;
  }[keyof typeof description.paths];
  expectTypeOf<Operation>().toEqualTypeOf<Described>();
  expectTypeOf<AnswerOf<"GET /logs">["items"][number]["confidence"]>().toEqualTypeOf<
    number | null
  >();
  expectTypeOf<AnswerOf<"POST /keys">["key"]>().toEqualTypeOf<string>();
  const refused = [
    // @ts-expect-error a path needs its parameters
    () => client.call("GET /predictions/{id}"),
    // @ts-expect-error there is no such operation
    () => client.call("GET /nothing"),
  ];
  expect(refused).toHaveLength(2);
});

it("lists every route that answers in pages", () => {
  const schemas = description.components.schemas as Record<string, { properties?: object }>;
  const listed = Object.entries(description.paths)
    .filter(([, operations]) => {
      const name = /"200":\{.*?schemas\/(\w+)"/.exec(
        JSON.stringify("get" in operations ? operations.get : {}),
      )?.[1];
      return "next_cursor" in (schemas[name ?? ""]?.properties ?? {});
    })
    .map(([path]) => path);
  const typed: Record<ListPath, true> = {
    "/logs": true,
    "/models/history": true,
    "/training-jobs": true,
    "/backfills": true,
    "/audit": true,
    "/datasets/{name}/images": true,
  };
  expect(listed.sort()).toEqual(Object.keys(typed).sort());
});

it("sends a key over https or to this machine alone", () => {
  const at = (url: string) => () => createClient({ url, key: "vf_test_key" });
  expect(at("http://api.example.com")).toThrow("not encrypted");
  for (const url of ["https://api.example.com", "http://localhost:1", "http://[::1]:1"]) {
    expect(at(url)).not.toThrow();
  }
  expect(createClient({ url: "http://api.example.com" }).asksWho).toBe(false);
});
