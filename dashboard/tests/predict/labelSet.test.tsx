import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeApi, problem } from "../fakeApi";
import { answer } from "../records";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.prediction = answer({ prediction_set: { coverage: 0.95, labels: ["cat", "dog"] } });
});

async function choose() {
  const image = new File(["x"], "cat.jpg", { type: "image/jpeg" });
  await userEvent.upload(await screen.findByTestId("file-input"), image);
}

const asked = () =>
  fake.requests
    .filter(({ url, method }) => method === "POST" && url.includes("/predict"))
    .map(({ url }) => new URL(url).searchParams.get("coverage"));

describe("a set of labels", () => {
  it("is not asked for unless it is chosen", async () => {
    fake.prediction = answer();
    renderDashboard(fake, "/predict");
    await choose();
    await screen.findByTestId("result");
    expect(asked()).toEqual([null]);
    expect(screen.queryByTestId("prediction-set")).not.toBeInTheDocument();
  });

  it.each([
    ["en", "the true label is in this set 95% of the time"],
    ["ko", "95%의 확률로 정답이 이 집합에 있습니다"],
  ] as const)("is shown with what it means: %s", async (language, meaning) => {
    renderDashboard(fake, "/predict", language);
    await userEvent.selectOptions(await screen.findByTestId("coverage"), "0.95");
    await choose();
    const set = await screen.findByTestId("prediction-set");
    expect(
      within(set)
        .getAllByRole("listitem")
        .map((item) => item.textContent),
    ).toEqual(["cat", "dog"]);
    expect(set).toHaveTextContent(meaning);
    expect(asked()).toEqual(["0.95"]);
    expect(window.location.hash).toBe("#/predict?coverage=0.95");
  });

  it("may be empty, and promises nothing for an unfamiliar image", async () => {
    fake.prediction = answer({
      status: "unknown",
      unknown_reason: "unfamiliar",
      prediction_set: { coverage: 0.9, labels: [] },
    });
    renderDashboard(fake, "/predict?coverage=0.9");
    await choose();
    const set = await screen.findByTestId("prediction-set");
    expect(set).toHaveTextContent("The set is empty: no label is likely enough.");
    expect(set).toHaveTextContent("the 90% is not guaranteed");
  });

  it("of a version that was not measured for it is refused in words, and can be left out", async () => {
    fake.prediction = problem(409, "coverage_unmeasured");
    renderDashboard(fake, "/predict?coverage=0.99");
    await choose();
    expect(await screen.findByTestId("problem")).toHaveTextContent(
      "This model version cannot return a set of labels",
    );
    fake.prediction = answer();
    await userEvent.selectOptions(screen.getByTestId("coverage"), "");
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByTestId("result-label")).toHaveTextContent("cat");
    expect(asked()).toEqual(["0.99", null]);
  });

  it("that the version has too few images for is refused in the API's words", async () => {
    fake.prediction = problem(400, "invalid_parameter");
    renderDashboard(fake, "/predict?coverage=0.99");
    await choose();
    const refused = await screen.findByTestId("problem");
    expect(within(refused).getAllByText(/Detail of invalid_parameter\./).length).toBe(2);
    expect(refused).toHaveTextContent("choose “Best label” above and try again");
  });
});
