import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { choose } from "../choose";
import written from "../data/report.json";
import { FakeApi, problem } from "../fakeApi";
import { registry, stats } from "../registry";
import { renderDashboard } from "../render";

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
  fake.models = registry();
  fake.stats = stats();
});

describe("the version in production", () => {
  it("is shown with its scores, worst class first, beside what people said", async () => {
    renderDashboard(fake, "/accuracy");
    await within(await screen.findByTestId("headline")).findAllByText("98.6%");
    const rows = within(screen.getByTestId("class-table")).getAllByRole("row");
    const worst = [...written.test.classes].sort((a, b) => a.recall - b.recall)[0];
    expect(rows[1]).toHaveTextContent(worst?.label ?? "");
    await waitFor(() => {
      expect(screen.getByRole("row", { name: /^starfish/ })).toHaveTextContent(
        "3 / 4too few to tell (4 of 10)",
      );
    });
  });

  it("says what share of the feedback the accuracy leaves out", async () => {
    renderDashboard(fake, "/accuracy");
    const summary = await screen.findByTestId("feedback-summary");
    expect(summary).toHaveTextContent("By feedback 90.0% right (n = 10, 60.0% to 98.0%).");
    expect(summary).toHaveTextContent(/Not counted: from the queue .*: right 12 of 20\./);
  });

  it("gives no share of little feedback", async () => {
    const known = stats();
    const ofModel = known.feedback.by_model["visionflow20/1.0.0"];
    if (!ofModel) throw new Error("no feedback");
    const by_model = { "visionflow20/1.0.0": { ...ofModel, n: 1, correct: 1 } };
    fake.stats = { ...known, feedback: { by_model } };
    renderDashboard(fake, "/accuracy");
    const summary = await screen.findByTestId("feedback-summary");
    expect(summary).toHaveTextContent("By feedback: right 1 of 1. too few to tell (1 of 10)");
    expect(summary).not.toHaveTextContent("%");
  });

  it("leads from a confusion to its images", async () => {
    renderDashboard(fake, "/accuracy?tab=confusion");
    const [, pair] = written.test.most_confused;
    const name = `${pair?.truth ?? ""} classified as ${pair?.answer ?? ""}`;
    await userEvent.click(await screen.findByRole("button", { name: new RegExp(name) }));
    const cell = screen.getByTestId("confusion-cell");
    expect(cell).toHaveTextContent(`${pair?.truth ?? ""} → ${pair?.answer ?? ""}`);
    expect(within(cell).getAllByRole("img").length).toBeGreaterThan(0);
    expect(window.location.hash).toContain(`truth=${pair?.truth ?? ""}`);
  });

  it("has curves, with one class on request", async () => {
    renderDashboard(fake, "/accuracy?tab=curves");
    const roc = await screen.findByTestId("roc");
    expect(await within(roc).findByTestId("points")).toHaveTextContent("all images (0.9999)");
    await choose(userEvent, "curves-class", written.data.labels[1] ?? "");
    expect(within(roc).getByTestId("points")).toHaveTextContent("butterfly");
    expect(screen.getByTestId("reliability")).toHaveTextContent("as served (ECE 1.0%)");
  });

  it("has a map, of which classes can be hidden", async () => {
    renderDashboard(fake, "/accuracy?tab=map");
    const map = await screen.findByTestId("embedding-map");
    expect(await within(map).findByTestId("points")).toHaveTextContent("airplane: -");
    await userEvent.click(screen.getByRole("checkbox", { name: "airplane" }));
    expect(within(map).getByTestId("points")).not.toHaveTextContent("airplane: -");
    expect(within(map).getByRole("button", { name: "Zoom in" })).toBeInTheDocument();
  });

  it("shows the image behind each point, mistakes first, without a pointer too", async () => {
    fake.files = { "plots/embedding_map_images.jpg": "http://models.test/sheet.jpg" };
    renderDashboard(fake, "/accuracy?tab=map");
    const { truth, answer, x, y } = written.findings.embedding_map;
    const wrong = truth.findIndex((label, index) => answer[index] !== label);
    const columns = Math.ceil(Math.sqrt(truth.length));
    await userEvent.click(await screen.findByRole("button", { name: "Next image" }));
    const image = screen.getByTestId("map-image");
    expect(image).toHaveAccessibleName(
      `A test image of ${written.data.labels[truth[wrong] ?? -1] ?? ""}`,
    );
    expect(image).toHaveAttribute(
      "viewBox",
      `${wrong % columns} ${Math.floor(wrong / columns)} 1 1`,
    );
    expect(image.querySelector("image")).toHaveAttribute("href", "http://models.test/sheet.jpg");
    const selected = `selected: ${x[wrong] ?? ""},${y[wrong] ?? ""}`;
    expect(await screen.findByTestId("points")).toHaveTextContent(selected);
    await userEvent.click(screen.getByRole("button", { name: "Previous image" }));
    expect(screen.getByTestId("map-point")).toHaveTextContent(`${truth.length} / ${truth.length}`);
  });

  it("shows an image of the same kind where the version has none for each point", async () => {
    renderDashboard(fake, "/accuracy?tab=map");
    await userEvent.click(await screen.findByRole("button", { name: "Next image" }));
    const shown = within(screen.getByTestId("map-point")).getByRole("img");
    expect(shown).toHaveAttribute("src", expect.stringMatching(/^data:image\/jpeg/));
  });

  it("shows the mistakes that it was surest of", async () => {
    renderDashboard(fake, "/accuracy?tab=mistakes");
    const gallery = await screen.findByTestId("mistakes");
    expect(within(gallery).getAllByRole("img")).toHaveLength(written.findings.mistakes.length);
  });
});

describe("without a report", () => {
  it("says so of the version", async () => {
    fake.failing = (path) =>
      path.startsWith("/models/visionflow20/1.0.0") ? problem(404, "model_not_found") : null;
    renderDashboard(fake, "/accuracy", "ko");
    expect(await screen.findByTestId("problem")).toHaveTextContent("해당 모델 버전이 없습니다.");
  });

  it("tells an API without the route from one that fails", async () => {
    fake.models = null;
    renderDashboard(fake, "/accuracy");
    expect(await screen.findByTestId("not-offered")).toHaveTextContent("GET /models");
  });
});
