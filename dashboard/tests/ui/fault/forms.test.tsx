import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeApi } from "../../fakeApi";
import { registry, rollbackRule } from "../../registry";
import { renderDashboard } from "../../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registry();
  fake.rule = rollbackRule();
  fake.promotionRule = { enabled: false, min_images: 100, min_gain: 0.005 };
});

/** Every change is refused for this field. */
function refuse(field: string, detail: string, code = "invalid_parameter") {
  const body = {
    ...{ type: `urn:visionflow:problem:${code}`, title: code, status: 400, detail, code },
    ...{ request_id: "r", field, retryable: false },
  };
  fake.failing = (_path, method) =>
    method === "GET"
      ? null
      : new Response(JSON.stringify(body), {
          status: 400,
          headers: { "content-type": "application/problem+json" },
        });
}

const click = async (testId: string) => {
  await userEvent.click(await screen.findByTestId(testId));
};

describe("a form that is refused for one field", () => {
  it.each([
    {
      at: "/models",
      input: "rule-max_error_rate",
      field: "max_error_rate",
      said: "max_error_rate must be 0, or 0.000001 to under 1.",
      korean: "max_error_rate: 0이거나 0.000001 이상 1 미만이어야 합니다.",
      send: async () => {
        await click("rule-enabled");
        await click("rule-save");
      },
    },
    {
      at: "/models",
      input: "promotion-min_images",
      field: "min_images",
      said: "min_images must be between 1 and 1,000,000,000.",
      korean: "min_images는 1~1,000,000,000 범위여야 합니다.",
      send: async () => {
        await click("promotion-enabled");
        await click("promotion-save");
      },
    },
    {
      at: "/access",
      input: "key-per-minute",
      field: "requests_per_minute",
      said: "requests_per_minute must be between 1 and 600, found 900.",
      korean: "requests_per_minute: 1~600 범위여야 합니다(받은 값: 900).",
      send: async () => {
        await click("key-create");
        await userEvent.type(await screen.findByTestId("key-name"), "night job");
        await click("key-submit");
      },
    },
    {
      at: "/data",
      input: "dataset-classes",
      field: "classes",
      said: "The class 'a/b' holds /, which the name of a folder cannot hold.",
      korean: "클래스 'a/b': 폴더 이름에 쓸 수 없는 문자 / 포함.",
      send: async () => {
        await userEvent.type(await screen.findByTestId("dataset-name"), "mugs");
        await userEvent.type(screen.getByTestId("dataset-classes"), "a/b");
        await click("create");
      },
    },
  ])(
    "marks $input alone, and says why in Korean",
    async ({ at, input, field, said, korean, send }) => {
      refuse(field, said);
      renderDashboard(fake, at, "ko");
      await send();
      const refused = await screen.findByTestId(input);
      expect(await screen.findByText(korean, { selector: "[data-testid=fault]" })).toBeVisible();
      expect(refused).toBeInvalid();
      expect(refused).toHaveAccessibleDescription(expect.stringContaining(korean));
      expect(document.querySelectorAll("[aria-invalid=true]")).toHaveLength(1);
      const problem = screen.getByTestId("problem");
      expect(problem).toHaveTextContent(korean);
      expect(problem).not.toHaveTextContent(said);
      expect(problem.querySelector("[lang=en]")).toBeNull();
    },
  );
});
