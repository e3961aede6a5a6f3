import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeApi } from "../../fakeApi";
import { answer, record } from "../../records";
import { renderDashboard } from "../../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
});

/** No breed is certain enough, so the answer is their parent. */
const DOG = {
  label: "dog",
  parents: ["animal", "mammal"],
  confidence: 0.81,
  top_k: [
    { label: "beagle", confidence: 0.41 },
    { label: "foxhound", confidence: 0.38 },
  ],
};

describe("an answer that is a parent of labels", () => {
  it("is shown with its way from the top, and the guesses below it", async () => {
    fake.records = [record(1, DOG)];
    renderDashboard(fake, "/history?record=s3-000001");
    const dialog = within(await screen.findByTestId("record"));
    expect(await dialog.findByTestId("label-path")).toHaveTextContent("animal › mammal");
    expect(dialog.getByTestId("why-parent")).toHaveTextContent(
      "No label is certain enough. The best guess is “beagle” with 41.0%.",
    );
    expect(dialog.getByTestId("top-k")).toHaveTextContent("foxhound");
    expect(dialog.getByRole("heading", { name: "Is “dog” right?" })).toBeVisible();
  });

  it("is named in the lists by itself, with its way as a hint", async () => {
    fake.records = [record(1, DOG)];
    renderDashboard(fake, "/history");
    const label = await screen.findByTestId("row-label");
    expect(label).toHaveTextContent(/^dog$/);
    expect(label).toHaveAttribute("title", "animal › mammal › dog");
  });

  it("comes fresh with the same explanation", async () => {
    fake.prediction = answer(DOG);
    renderDashboard(fake, "/predict", "ko");
    await userEvent.upload(
      await screen.findByTestId("file-input"),
      new File(["x"], "a.jpg", { type: "image/jpeg" }),
    );
    const result = within(await screen.findByTestId("result"));
    expect(result.getByTestId("label-path")).toHaveTextContent("animal › mammal");
    expect(result.getByTestId("why-parent")).toHaveTextContent("“beagle”(41.0%)");
  });

  it("differs from a label with parents, which needs no explanation", async () => {
    fake.records = [record(1, { ...DOG, label: "beagle", parents: ["animal", "mammal", "dog"] })];
    renderDashboard(fake, "/history?record=s3-000001");
    const dialog = within(await screen.findByTestId("record"));
    expect(await dialog.findByTestId("label-path")).toHaveTextContent("animal › mammal › dog");
    expect(dialog.queryByTestId("why-parent")).not.toBeInTheDocument();
  });
});

describe("the label mix", () => {
  it("is counted at the level that is chosen, and finds one label or parent", async () => {
    fake.status = {
      ...fake.status,
      labels: ["beagle", "car"],
      parents: { beagle: "dog", dog: "mammal", mammal: "animal" },
    };
    fake.records = [
      record(1, DOG),
      record(2, { label: "beagle", parents: ["animal", "mammal", "dog"] }),
      record(3, { label: "car" }),
    ];
    renderDashboard(fake, "/live");
    const mix = within(await screen.findByTestId("live-labels"));
    expect(mix.getAllByRole("listitem")).toHaveLength(3);
    await userEvent.selectOptions(screen.getByTestId("live-level"), "0 (top)");
    expect(mix.getAllByRole("listitem").map((item) => item.textContent)).toEqual([
      "animal66.6%",
      "car33.3%",
    ]);
    await userEvent.type(screen.getByTestId("live-find"), "dog{Enter}");
    await waitFor(() => {
      expect(mix.getAllByRole("listitem")[0]).toHaveTextContent("dog66.6%");
    });
  });
});
