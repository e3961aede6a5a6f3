import { createEvent, fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeApi, problem } from "../fakeApi";
import { answer, explanation } from "../records";
import { renderDashboard } from "../render";

const IMAGE = new File(["pixels"], "cat.jpg", { type: "image/jpeg" });

let fake: FakeApi;
beforeEach(() => {
  fake = new FakeApi();
});

async function choose(file = IMAGE) {
  await userEvent.upload(await screen.findByTestId("file-input"), file);
}

describe("an answer", () => {
  beforeEach(() => {
    fake.prediction = answer();
  });

  it("shows label, confidence, model and timings", async () => {
    renderDashboard(fake, "/predict");
    await choose();
    expect(await screen.findByTestId("result-label")).toHaveTextContent("cat");
    expect(screen.getByTestId("result-confidence")).toHaveTextContent("93.0%");
    expect(screen.getByTestId("model-version")).toHaveTextContent("starter 1.0.0");
    expect(screen.getByTestId("timings")).toHaveTextContent("9.4 ms in the function");
    expect(screen.getByTestId("timings")).toHaveTextContent("Inference 4.4 ms");
  });

  it("draws the best guesses as horizontal bars, and says them as a table", async () => {
    renderDashboard(fake, "/predict");
    await choose();
    const bars = await screen.findByTestId("bars");
    expect(bars).toHaveAttribute("data-axis", "y");
    expect(bars).toHaveTextContent("cat 0.93 dog 0.05");
    const rows = within(screen.getByTestId("top-k")).getAllByRole("row");
    expect(rows.map((row) => row.textContent)).toEqual(["ClassConfidence", "cat93.0%", "dog5.0%"]);
  });

  it("lays the heatmap over the box that the model saw, as strongly as asked for", async () => {
    renderDashboard(fake, "/predict");
    await choose();
    const heatmap = await screen.findByTestId("heatmap");
    expect(heatmap).toHaveAttribute("src", explanation().overlay);
    expect(heatmap.parentElement).toHaveStyle({
      left: "12.5%",
      top: "0%",
      width: "75%",
      height: "100%",
    });
    expect(heatmap).toHaveStyle({ opacity: "0.6" });
    fireEvent.change(screen.getByLabelText("Heatmap opacity"), { target: { value: "0" } });
    expect(heatmap).toHaveStyle({ opacity: "0" });
  });

  it("previews the image", async () => {
    renderDashboard(fake, "/predict");
    await choose();
    expect(screen.getByAltText("The chosen image, cat.jpg")).toHaveAttribute("src", "blob:image");
  });

  it("comes for a dropped image too", async () => {
    renderDashboard(fake, "/predict");
    const drop = createEvent.drop(document.body, {
      dataTransfer: { files: [IMAGE], types: ["Files"] },
    });
    fireEvent(document.body, drop);
    expect(await screen.findByTestId("result-label")).toHaveTextContent("cat");
    expect(drop.defaultPrevented).toBe(true); // or the browser would leave for the image
  });

  it("comes for a pasted image too", async () => {
    renderDashboard(fake, "/predict");
    fireEvent.paste(document.body, { clipboardData: { files: [IMAGE] } });
    expect(await screen.findByTestId("result-label")).toHaveTextContent("cat");
  });
});

describe("an answer that is none", () => {
  it("is called unknown, with the closest guess", async () => {
    fake.prediction = answer({ status: "unknown", label: "cat", confidence: 0.312 });
    renderDashboard(fake, "/predict");
    await choose();
    expect(await screen.findByTestId("result-label")).toHaveTextContent("Unknown");
    expect(screen.queryByTestId("result-confidence")).not.toBeInTheDocument();
    expect(screen.getByTestId("result")).toHaveTextContent("Its best guess is “cat” with 31.2%.");
  });

  it("of an unfamiliar image says so, with the threshold that the answer names", async () => {
    fake.prediction = answer({
      status: "unknown",
      unknown_reason: "unfamiliar",
      familiarity: 0.31,
      familiarity_threshold: 0.5,
    });
    renderDashboard(fake, "/predict");
    await choose();
    const result = await screen.findByTestId("result");
    expect(within(result).getByTestId("status")).toHaveTextContent("Unknown: Unfamiliar");
    expect(result).toHaveTextContent("This image is unlike anything the model was trained on.");
    expect(within(result).getByTestId("familiarity")).toHaveTextContent(
      "0.310, below the threshold of 0.500",
    );
    expect(fake.requests.some(({ url }) => url.includes("/models/"))).toBe(false);
  });

  it.each([
    ["en", "This file is not an image, or its format is not supported."],
    ["ko", "이미지가 아니거나 지원하지 않는 형식입니다."],
  ] as const)("is a problem in the reader's language: %s", async (language, sentence) => {
    fake.prediction = problem(422, "image_unreadable");
    renderDashboard(fake, "/predict", language);
    await choose();
    const alert = await screen.findByTestId("problem");
    expect(alert).toHaveTextContent(sentence);
    expect(alert).toHaveTextContent("request-1");
  });

  it("says in the API's own words what the page has none for", async () => {
    fake.prediction = problem(400, "brand_new_code");
    renderDashboard(fake, "/predict");
    await choose();
    expect(await screen.findByTestId("problem")).toHaveTextContent("Detail of brand_new_code.");
  });

  it.each([
    ["missing_image", "No image was sent."],
    ["missing_field", "The request lacks a required value."],
  ])("of a request without something says what: %s", async (code, sentence) => {
    fake.prediction = problem(400, code);
    renderDashboard(fake, "/predict");
    await choose();
    expect(await screen.findByTestId("problem")).toHaveTextContent(sentence);
  });

  it("can be asked for again", async () => {
    fake.down = true;
    renderDashboard(fake, "/predict");
    await choose();
    expect(await screen.findByTestId("problem")).toHaveAttribute("data-code", "network_error");
    fake.down = false;
    fake.prediction = answer();
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByTestId("result-label")).toHaveTextContent("cat");
  });
});

describe("the header", () => {
  it("names the model in service", async () => {
    renderDashboard(fake, "/predict");
    expect(await screen.findByText("starter 1.0.0")).toBeVisible();
  });

  it("says when no model can answer", async () => {
    fake.status = {
      ...fake.status,
      status: "unavailable",
      model: null,
      reason: "no model promoted",
    };
    renderDashboard(fake, "/predict");
    expect(await screen.findByText("No model available")).toBeVisible();
    expect(screen.getByTestId("model-badge")).toHaveAttribute(
      "title",
      "No model is in service right now. Please try again later.",
    );
  });

  it("switches the language of everything, for good", async () => {
    renderDashboard(fake, "/predict");
    await userEvent.click(screen.getByRole("button", { name: "한국어" }));
    expect(await screen.findByRole("heading", { level: 1 })).toHaveTextContent("이미지 분류");
    expect(document.documentElement.lang).toBe("ko");
    expect(localStorage.getItem("visionflow.language")).toBe("ko");
  });
});
